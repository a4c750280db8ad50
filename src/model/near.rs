//! Near matches for misspelled names.

/// The most likely candidate, if any is close enough: about one typo for each three characters, three at most.
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
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

/// `waitTimer`, `wait-timer` and `WAIT_TIMER` are all at most one typo away from `wait_timer`.
fn fold(name: &str) -> String {
    name.chars().flat_map(char::to_lowercase).map(|c| if matches!(c, '-' | ' ' | '.') { '_' } else { c }).collect()
}

/// Whether one name is most likely the other one, misspelled: the same words, one slip in each that has five letters, two from ten on.
///
/// Slips rarely hit the first letter (`internal` is not `external`), and what numbers or places a name is meant: `staging2`, `prod-eu`.
pub fn is_misspelling(name: &str, other: &str) -> bool {
    let (name, other) = (fold(name), fold(other));
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    if name == other || digits(&name) != digits(&other) {
        return false;
    }
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let (name, other) = (words(&name), words(&other));
    if name.len() == other.len() { name.iter().zip(&other).all(|(a, b)| a == b || is_slip(a, b)) } else { name.concat() == other.concat() }
}

/// The two swapped letters of `prdo` are a slip in a word of any length.
fn is_slip(a: &str, b: &str) -> bool {
    let letters = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.sort_unstable();
        letters
    };
    let (ours, theirs) = (letters(a), letters(b));
    let distance = strsim::damerau_levenshtein(a, b);
    a.chars().next() == b.chars().next() && (distance <= ours.len().min(theirs.len()) / 5 || distance == 1 && ours == theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_of_a_short_name_is_one_typo_away() {
        assert_eq!(nearest("teem", ["tame", "team"]), Some("team"));
        assert_eq!(nearest("team", ["tame"]), None);
        assert_eq!(nearest("wiat_tmier", ["wait_timer"]), Some("wait_timer"));
    }

    #[test]
    fn a_slip_is_told_from_a_name_that_is_meant() {
        for (name, other) in [
            ("prodcution", "production"),
            ("porduciton", "Production"),
            ("prodution-eu", "production-eu"),
            ("productions", "production"),
            ("stagin", "staging"),
            ("web-app", "webapp"),
            ("prdo", "prod"),
        ] {
            assert!(is_misspelling(name, other) && is_misspelling(other, name), "{name} {other}");
        }
        for (name, other) in [
            ("production", "Production"),
            ("staging", "staging1"),
            ("staging1", "staging2"),
            ("staging-1", "staging1b"),
            ("staging-a", "staging"),
            ("prod-eu", "prod-us"),
            ("us-production", "eu-production"),
            ("site-north", "site-south"),
            ("production", "pre-production"),
            ("internal", "external"),
            ("preview", "review"),
            ("uat", "qat"),
            ("dev", "demo"),
            ("prod", "prd"),
            ("staging", "production"),
            ("1", "2"),
            ("", "production"),
        ] {
            assert!(!is_misspelling(name, other) && !is_misspelling(other, name), "{name} {other}");
        }
    }
}
