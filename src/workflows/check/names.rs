//! Names that almost match a declared environment.

use crate::model::EnvName;
use crate::workflows::facts::Facts;

/// Words that make a name the opposite of what follows.
const NEGATIONS: &[&str] = &["pre", "non", "not", "no", "test", "fake", "before"];

/// The declared environment that a name almost matches.
///
/// If the live environments are known, an existing name is taken as intended, and any other one is also compared in part:
/// `prod`, `production-eu`. Otherwise only a typo of one or two letters counts.
pub(super) fn near_miss<'a>(name: &str, facts: &Facts, declared: impl Iterator<Item = &'a EnvName> + Clone) -> Option<&'a EnvName> {
    if declared.clone().any(|known| known.as_str().to_lowercase() == name.to_lowercase()) {
        return None;
    }
    let folded = name.to_lowercase();
    let is_near = |known: &&EnvName| match &facts.live {
        Some(live) => EnvName::new(name).is_ok_and(|name| !live.contains_key(&name)) && is_part(&folded, &known.folded()),
        None => is_slip(&folded, &known.folded()),
    };
    declared.into_iter().find(is_near)
}

fn is_slip(name: &str, known: &str) -> bool {
    !is_negated(name) && name.chars().count() >= 5 && strsim::damerau_levenshtein(name, known) <= 2
}

fn is_negated(name: &str) -> bool {
    words(name).any(|word| NEGATIONS.contains(&word))
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// A part of the name, a longer form of it, or a typo in either.
fn is_part(name: &str, known: &str) -> bool {
    let is_like = |word: &str| word == known || is_slip(word, known) || (word.chars().count() >= 4 && known.starts_with(word));
    !is_negated(name) && (is_slip(name, known) || words(name).any(is_like))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_live_environments_only_a_slip_is_near() {
        let declared = [EnvName::new("release").unwrap(), EnvName::new("production").unwrap()];
        let near = |name: &str| near_miss(name, &Facts::default(), declared.iter()).map(EnvName::as_str);
        assert_eq!((near("produciton"), near("relaese"), near("Release")), (Some("production"), Some("release"), None));
        for name in ["release-gate", "prod", "production-eu", "pre-release", "staging"] {
            assert_eq!(near(name), None, "{name}");
        }
        // Two letters are half of a short name.
        let short = [EnvName::new("prod").unwrap()];
        assert_eq!(near_miss("prd", &Facts::default(), short.iter()), None);
    }

    #[test]
    fn near_misses_are_told_from_other_names() {
        let declared = [EnvName::new("production").unwrap(), EnvName::new("staging").unwrap()];
        let live = [(EnvName::new("prod-us").unwrap(), crate::workflows::facts::Guard::Open)].into();
        let facts = Facts { live: Some(live), ..Facts::default() };
        let near = |name: &str| near_miss(name, &facts, declared.iter()).map(EnvName::as_str);
        assert_eq!(near("prod-us"), None, "it exists");
        for name in ["prod", "Production-EU", "prod-eu", "produciton", "production ", "Prod (Readonly)"] {
            assert_eq!(near(name), Some("production"), "{name}");
        }
        for name in ["Production", "PRODUCTION", "staging", "qa", "github-pages", "preprod", "pre-production", "pypi", "release", "p", ""] {
            assert_eq!(near(name), None, "{name}");
        }
        let short = [EnvName::new("qa").unwrap()];
        let of_short = |name: &str| near_miss(name, &facts, short.iter()).map(EnvName::as_str);
        assert_eq!((of_short("qa-eu"), of_short("q"), of_short("qb")), (Some("qa"), None, None));
    }
}
