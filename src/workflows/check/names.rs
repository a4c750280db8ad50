//! Names that are almost a declared environment's.

use crate::model::EnvName;

/// Words that make a name the opposite of what follows.
const NEGATIONS: &[&str] = &["pre", "non", "not", "no", "test", "fake", "before"];

/// The declared environment that a name almost is: a part of it, a longer form of it, or a slip of one or two letters.
pub(super) fn near_miss<'a>(name: &str, declared: impl Iterator<Item = &'a EnvName> + Clone) -> Option<&'a EnvName> {
    if declared.clone().any(|known| known.as_str().to_lowercase() == name.to_lowercase()) {
        return None;
    }
    declared.into_iter().find(|known| is_near(&name.to_lowercase(), &known.folded()))
}

fn is_near(name: &str, known: &str) -> bool {
    let slip = |a: &str| a.chars().count() >= 5 && strsim::damerau_levenshtein(a, known) <= 2;
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.iter().any(|word| NEGATIONS.contains(word)) {
        return false;
    }
    slip(name) || words.iter().any(|word| *word == known || slip(word) || (word.chars().count() >= 4 && known.starts_with(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_told_from_other_names() {
        let declared = [EnvName::new("production").unwrap(), EnvName::new("staging").unwrap()];
        let near = |name: &str| near_miss(name, declared.iter()).map(EnvName::as_str);
        for name in ["prod", "Production-EU", "prod-eu", "produciton", "production ", "Prod (Readonly)"] {
            assert_eq!(near(name), Some("production"), "{name}");
        }
        for name in ["Production", "PRODUCTION", "staging", "qa", "github-pages", "preprod", "pre-production", "pypi", "release", "p", ""] {
            assert_eq!(near(name), None, "{name}");
        }
    }
}
