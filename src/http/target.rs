//! The path of a request below an API's base: segments that are encoded once, here and nowhere else.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// RFC 3986's unreserved characters stay; all else, `/` included, is encoded.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~').remove(b'.');

/// A path and query below an API's base address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    path: String,
    query: String,
    range: Option<&'static str>,
}

impl Target {
    /// Builds a path from raw, unencoded segments. A segment `.` or `..` is encoded so that no client normalizes it away.
    pub fn new<S: AsRef<str>>(segments: impl IntoIterator<Item = S>) -> Self {
        let mut path = String::new();
        for segment in segments {
            path.push('/');
            match segment.as_ref() {
                "." => path.push_str("%2E"),
                ".." => path.push_str("%2E%2E"),
                other => path.extend(utf8_percent_encode(other, SEGMENT)),
            }
        }
        Self { path, query: String::new(), range: None }
    }

    /// The same target with one more raw, unencoded segment.
    #[must_use]
    pub fn join(mut self, segment: &str) -> Self {
        self.path.push_str(&Self::new([segment]).path);
        self
    }

    /// The same target with one more query parameter; the value is encoded.
    #[must_use]
    pub fn query(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        self.query.push_str(key);
        self.query.push('=');
        self.query.extend(utf8_percent_encode(&value.to_string(), SEGMENT));
        self
    }

    /// The same target, asked with a `Range` header: how Heroku orders and limits a list (fact H2.1).
    #[must_use]
    pub fn range(self, range: &'static str) -> Self {
        Self { range: Some(range), ..self }
    }

    /// The first three segments: what belongs to one repository, organization or account.
    pub(super) fn scope(&self) -> &str {
        let end = self.path.match_indices('/').nth(3).map_or(self.path.len(), |(at, _)| at);
        self.path.get(..end).unwrap_or(&self.path)
    }

    pub(super) fn range_header(&self) -> Option<&'static str> {
        self.range
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path)?;
        f.write_str(&self.query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_one_segment() {
        let path = |name: &str| Target::new(["environments", name]).to_string();
        assert_eq!(path("prod/eu"), "/environments/prod%2Feu");
        assert_eq!(path("a b?c#d"), "/environments/a%20b%3Fc%23d");
        assert_eq!(path("%2F"), "/environments/%252F");
        assert_eq!(path(".."), "/environments/%2E%2E");
        assert_eq!(path("é"), "/environments/%C3%A9");
        assert_eq!(Target::new(["repos", "o", "r", "x", "y"]).query("a", "b/c/d/e").scope(), "/repos/o/r");
        assert_eq!(Target::new(["orgs", "o"]).scope(), "/orgs/o");
        assert_eq!(Target::new(["a"]).join("b/c").query("per_page", 100).query("q", "a&b").to_string(), "/a/b%2Fc?per_page=100&q=a%26b");
    }
}
