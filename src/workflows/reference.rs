//! `OWNER/REPO/PATH@REF`: how `uses` names an action or a workflow by its repository.
//!
//! Owns how such a name is taken apart. Must not know whether it exists. Tested here.

use crate::model::RepoName;

/// An action or a workflow of a repository: this one or another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference<'t> {
    /// The owner of the repository.
    pub owner: &'t str,
    /// The name of the repository.
    pub name: &'t str,
    /// The path in the repository; empty for its root.
    pub path: &'t str,
    /// The ref, if one is named.
    pub git_ref: Option<&'t str>,
    /// All of it but the ref.
    pub without_ref: &'t str,
}

impl<'t> Reference<'t> {
    /// Takes a name apart; none if it does not begin with a repository.
    pub fn parse(text: &'t str) -> Option<Self> {
        let (without_ref, git_ref) = text.split_once('@').map_or((text, None), |(before, git_ref)| (before, Some(git_ref)));
        let mut parts = without_ref.splitn(3, '/');
        let (owner, name) = (parts.next()?, parts.next()?);
        let path = parts.next().unwrap_or_default();
        (!owner.is_empty() && !name.is_empty()).then_some(Self { owner, name, path, git_ref, without_ref })
    }

    /// Whether it is in a repository. GitHub compares names without case.
    pub fn is_of(&self, repository: Option<&RepoName>) -> bool {
        repository.is_some_and(|repository| repository.is(self.owner, self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_apart_at_its_slashes_and_its_first_at_sign() {
        for (text, want) in [
            ("a/b/c/d.yml@v1", Some(("a", "b", "c/d.yml", Some("v1"), "a/b/c/d.yml"))),
            ("a/b@pkg@1.0/x", Some(("a", "b", "", Some("pkg@1.0/x"), "a/b"))),
            ("a/b/c", Some(("a", "b", "c", None, "a/b/c"))),
            ("a/b/@", Some(("a", "b", "", Some(""), "a/b/"))),
            ("a@v1", None),
            ("/b/c@v1", None),
            ("a//c@v1", None),
            ("", None),
        ] {
            let found = Reference::parse(text).map(|it| (it.owner, it.name, it.path, it.git_ref, it.without_ref));
            assert_eq!(found, want, "{text}");
        }
    }

    #[test]
    fn repositories_compare_without_case() {
        let own = RepoName::parse("Acme/Web").unwrap();
        let is_own = |text| Reference::parse(text).unwrap().is_of(Some(&own));
        assert!(is_own("acme/web/x@v1") && is_own("ACME/WEB"));
        assert!(!is_own("acme/web-2/x@v1") && !is_own("other/web/x@v1") && !Reference::parse("acme/web").unwrap().is_of(None));
    }
}
