//! Names of the file in messages.

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
