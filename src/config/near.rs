//! Near matches for misspelt names.

/// The candidate that is most likely meant, if any is near enough: about one slip for each three characters, three at most.
pub(super) fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let name = fold(name);
    let length = name.chars().count();
    let allowed = (length / 3).clamp(1, 3);
    candidates
        .into_iter()
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= allowed)
        .map(|candidate| (strsim::damerau_levenshtein(&name, &fold(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `waitTimer`, `wait-timer` and `WAIT_TIMER` are all one slip or none away from `wait_timer`.
fn fold(name: &str) -> String {
    name.chars().flat_map(char::to_lowercase).map(|c| if matches!(c, '-' | ' ' | '.') { '_' } else { c }).collect()
}

/// A name of the file for a message: in backticks, at most 60 characters.
pub(super) fn quote(name: &str) -> String {
    const MOST: usize = 60;
    match name.char_indices().nth(MOST) {
        None => format!("`{name}`"),
        Some((end, _)) => format!("`{}...`", name.get(..end).unwrap_or_default()),
    }
}

/// `a`, `b` and `c`, each in backticks.
pub(super) fn join<'c>(names: impl IntoIterator<Item = &'c str>, last: &str) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((end, rest)) if !rest.is_empty() => format!("{} {last} {end}", rest.join(", ")),
        Some((end, _)) => end.clone(),
        None => String::new(),
    }
}
