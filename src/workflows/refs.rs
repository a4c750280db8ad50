//! Refs against a deployment branch policy.
//!
//! Owns which rule admits or refuses a ref. Must not know of live state: what depends on it, is said to.

use crate::model::fnmatch;
use crate::providers::github::desired::{BranchPolicy, RefKind};

/// What a policy says of a ref, and by which rule: a clause without a full stop.
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
#[must_use]
pub fn explain(policy: &BranchPolicy, git_ref: &str) -> Admission {
    let Some((kind, name)) = split(git_ref) else {
        return Admission::Depends(format!("`{git_ref}` is no full ref; write refs/heads/NAME or refs/tags/NAME"));
    };
    match policy {
        BranchPolicy::All => Admission::Admitted("every ref may deploy".to_owned()),
        BranchPolicy::Protected => match kind {
            RefKind::Tag => Admission::Refused("only protected branches may deploy, and a tag is no branch".to_owned()),
            RefKind::Branch if git_ref.starts_with("refs/pull/") => Admission::Depends(
                "only protected branches may deploy; a pull request's merge ref is none, but where no branch is protected all may"
                    .to_owned(),
            ),
            RefKind::Branch => Admission::Depends(format!("only protected branches may deploy, and whether `{name}` is one is live state")),
        },
        BranchPolicy::Selected(patterns) => {
            let word = match kind {
                RefKind::Branch => "branch",
                RefKind::Tag => "tag",
            };
            let of_kind: Vec<&str> = patterns.iter().filter(|pattern| pattern.kind == kind).map(|pattern| pattern.name.as_str()).collect();
            match of_kind.iter().find(|pattern| fnmatch::matches(pattern, name)) {
                Some(pattern) => Admission::Admitted(format!("the {word} pattern `{pattern}` matches")),
                None if of_kind.is_empty() => Admission::Refused(format!("the policy has no {word} pattern")),
                None => Admission::Refused(format!("no {word} pattern matches `{name}`: {}", of_kind.join(", "))),
            }
        }
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
    use crate::providers::github::desired::Pattern;

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
    fn what_is_no_full_ref_is_not_decided() {
        for git_ref in ["main", "v1", "", "refs/heads/"] {
            assert_eq!(admits(&BranchPolicy::All, git_ref), None, "{git_ref}");
        }
    }
}
