//! Refs against a deployment branch policy.
//!
//! Owns which rule admits or refuses a ref. Must not know live state: a decision that depends on it says so.

use std::collections::BTreeSet;

use crate::desired::github::{BranchPolicy, RefKind};
use crate::model::fnmatch;

/// What a policy says about a ref, and by which rule: a clause without a full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It may deploy.
    Admitted(String),
    /// It may not.
    Refused(String),
    /// That depends on something that the policy does not say.
    Depends(String),
}

/// Which rule of a policy admits or refuses a ref, given in full: `refs/heads/main`, `refs/tags/v1`, `refs/pull/1/merge`.
pub fn explain(policy: &BranchPolicy, git_ref: &str) -> Admission {
    let Some((kind, name)) = split(git_ref) else {
        let full = if git_ref.starts_with("refs/") { "NAME" } else { git_ref };
        return Admission::Depends(format!("`{git_ref}` is not a full ref: write refs/heads/{full} or refs/tags/{full}"));
    };
    match policy {
        BranchPolicy::All => Admission::Admitted("every ref may deploy".to_owned()),
        BranchPolicy::Protected => match kind {
            RefKind::Tag => Admission::Refused("only protected branches may deploy, and a tag is not a branch".to_owned()),
            RefKind::Branch if git_ref.starts_with("refs/pull/") => Admission::Depends(
                "only protected branches may deploy; a pull request's merge ref is not one, but all refs may deploy if no branch is protected"
                    .to_owned(),
            ),
            RefKind::Branch => Admission::Depends(format!("only protected branches may deploy, and only the live state shows whether `{name}` is one")),
        },
        BranchPolicy::Selected(patterns) => {
            let word = kind.word();
            let of_kind: Vec<&str> = patterns.iter().filter(|pattern| pattern.kind == kind).map(|pattern| pattern.name.as_str()).collect();
            match of_kind.iter().find(|pattern| fnmatch::matches(pattern, name)) {
                Some(pattern) => Admission::Admitted(format!("the {word} pattern `{pattern}` matches")),
                None => {
                    let why = if of_kind.is_empty() {
                        format!("the policy has no {word} pattern")
                    } else {
                        format!("no {word} pattern matches `{name}`: {}", of_kind.join(", "))
                    };
                    let (other, others) = if kind == RefKind::Tag { ("branch", "branches") } else { ("tag", "tags") };
                    let alike = patterns.iter().find(|pattern| pattern.kind != kind && fnmatch::matches(&pattern.name, name));
                    Admission::Refused(match alike {
                        Some(pattern) => format!("{why}; the {other} pattern `{}` would match, but admits only {others}", pattern.name),
                        None => why,
                    })
                }
            }
        }
    }
}

/// What "protected branches only" says about a ref, given the protected branches, or the first of them if they are too many to list.
///
/// Without any protected branch, GitHub lets every branch deploy (fact G2.6).
pub fn explain_protected(protected: &BTreeSet<String>, complete: bool, git_ref: &str) -> Admission {
    match split(git_ref) {
        Some((RefKind::Branch, name)) if !git_ref.starts_with("refs/pull/") => {
            if protected.contains(name) {
                Admission::Admitted(format!("only protected branches may deploy, and `{name}` is one"))
            } else if protected.is_empty() && complete {
                Admission::Admitted("only protected branches may deploy, but no branch is protected, so every branch may".to_owned())
            } else if complete {
                Admission::Refused(format!("only protected branches may deploy, and `{name}` is not one"))
            } else {
                Admission::Depends(format!("only protected branches may deploy; there are too many to tell whether `{name}` is one"))
            }
        }
        _ => explain(&BranchPolicy::Protected, git_ref),
    }
}

/// What kind of ref it is, and the name that patterns are matched against.
fn split(git_ref: &str) -> Option<(RefKind, &str)> {
    if git_ref.starts_with("refs/pull/") {
        return Some((RefKind::Branch, git_ref));
    }
    let branch = git_ref.strip_prefix("refs/heads/").map(|name| (RefKind::Branch, name));
    branch.or_else(|| git_ref.strip_prefix("refs/tags/").map(|name| (RefKind::Tag, name))).filter(|(_, name)| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::github::Pattern;

    fn selected(branches: &[&str], tags: &[&str]) -> BranchPolicy {
        let pattern = |kind: RefKind| move |name: &&str| Pattern { kind, name: (*name).to_owned() };
        BranchPolicy::Selected(branches.iter().map(pattern(RefKind::Branch)).chain(tags.iter().map(pattern(RefKind::Tag))).collect())
    }

    fn admits(policy: &BranchPolicy, git_ref: &str) -> Option<bool> {
        match explain(policy, git_ref) {
            Admission::Admitted(_) => Some(true),
            Admission::Refused(_) => Some(false),
            Admission::Depends(_) => None,
        }
    }

    #[test]
    fn protected_branches_never_admit_a_tag() {
        assert_eq!(admits(&BranchPolicy::Protected, "refs/tags/v1"), Some(false));
        assert_eq!(admits(&BranchPolicy::Protected, "refs/heads/main"), None);
        assert_eq!(admits(&BranchPolicy::All, "refs/tags/v1"), Some(true));
    }

    #[test]
    fn a_short_name_is_told_in_full() {
        let told = |git_ref: &str| match explain(&BranchPolicy::All, git_ref) {
            Admission::Depends(why) => why,
            other => panic!("{other:?}"),
        };
        assert!(told("v1").ends_with("write refs/heads/v1 or refs/tags/v1"));
        assert!(told("refs/notes/x").ends_with("write refs/heads/NAME or refs/tags/NAME"));
    }

    #[test]
    fn patterns_admit_refs_of_their_own_kind_only() {
        let policy = selected(&["main", "release/*"], &["v*"]);
        for (git_ref, want) in [
            ("refs/heads/main", true),
            ("refs/heads/release/1", true),
            ("refs/heads/release/1/x", false),
            ("refs/heads/v1", false),
            ("refs/tags/v1", true),
            ("refs/tags/main", false),
            ("refs/pull/1/merge", false),
        ] {
            assert_eq!(admits(&policy, git_ref), Some(want), "{git_ref}");
        }
        assert_eq!(admits(&selected(&["refs/pull/*/merge"], &[]), "refs/pull/1/merge"), Some(true));
        assert_eq!(admits(&selected(&["main"], &[]), "refs/tags/v1"), Some(false));
    }

    #[test]
    fn a_pattern_of_the_other_kind_that_would_match_is_named() {
        let why = |policy: &BranchPolicy, git_ref: &str| match explain(policy, git_ref) {
            Admission::Refused(why) => why,
            other => panic!("{git_ref}: {other:?}"),
        };
        let policy = selected(&["main", "v*"], &["release-*"]);
        assert!(why(&policy, "refs/tags/v1").ends_with("release-*; the branch pattern `v*` would match, but admits only branches"));
        assert!(why(&policy, "refs/heads/release-1").ends_with("the tag pattern `release-*` would match, but admits only tags"));
        assert!(why(&selected(&["v*"], &[]), "refs/tags/v1").starts_with("the policy has no tag pattern; the branch pattern `v*`"));
        assert!(!why(&policy, "refs/tags/x").contains("would match"));
    }

    #[test]
    fn protected_branches_admit_themselves_and_all_where_there_are_none() {
        let said = |names: &[&str], complete, git_ref: &str| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            match explain_protected(&names, complete, git_ref) {
                Admission::Admitted(_) => Some(true),
                Admission::Refused(_) => Some(false),
                Admission::Depends(_) => None,
            }
        };
        assert_eq!(said(&["main"], true, "refs/heads/main"), Some(true));
        assert_eq!(said(&["main"], true, "refs/heads/dev"), Some(false));
        assert_eq!(said(&["main"], false, "refs/heads/dev"), None);
        assert_eq!(said(&[], true, "refs/heads/dev"), Some(true));
        assert_eq!(said(&[], true, "refs/tags/v1"), Some(false));
        assert_eq!(said(&["main"], true, "refs/pull/1/merge"), None);
    }

    #[test]
    fn what_is_no_full_ref_is_not_decided() {
        for git_ref in ["main", "v1", "", "refs/heads/"] {
            assert_eq!(admits(&BranchPolicy::All, git_ref), None, "{git_ref}");
        }
    }
}
