//! The filter patterns of `branches`, `tags` and `paths` (GitHub's workflow syntax, "Filter pattern cheat sheet").
//!
//! Not the language of deployment branch policies: here `?` and `+` repeat the preceding character, and `**` crosses `/`.
//! A pattern that the documentation does not cover is refused rather than guessed at. Matching takes linear time.

use std::fmt;

/// A pattern, or a list of them, whose matches the documentation does not define.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    /// The pattern; the whole list, separated by commas, if the list is at fault.
    pub pattern: String,
    /// Why it is unclear: a clause.
    pub why: &'static str,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the filter pattern `{}` is not clear: {}", self.pattern, self.why)
    }
}

impl std::error::Error for PatternError {}

/// Whether a list of patterns admits a name: the last pattern that matches decides, and one that begins with `!` takes it out.
///
/// The name is the short one of a branch or tag, or a path from the repository's root. Case counts.
///
/// # Errors
/// When a pattern is not clear, or all of them begin with `!`.
pub fn matches<P: AsRef<str>>(patterns: &[P], name: &str) -> Result<bool, PatternError> {
    let mut taken_in = false;
    let mut only_negated = !patterns.is_empty();
    for pattern in patterns.iter().map(AsRef::as_ref) {
        let positive = pattern.strip_prefix('!');
        let atoms = compile(positive.unwrap_or(pattern)).map_err(|why| PatternError { pattern: pattern.to_owned(), why })?;
        only_negated &= positive.is_some();
        if matches_atoms(&atoms, name) {
            taken_in = positive.is_none();
        }
    }
    if only_negated {
        let pattern = patterns.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
        return Err(PatternError { pattern, why: "a pattern with `!` needs one without `!` before it" });
    }
    Ok(taken_in)
}

enum Atom {
    /// `**/` at the start of a directory: any number of directories.
    Directories,
    /// `**`
    Anything,
    /// `*`
    WithinDirectory,
    One(Set, Repeat),
}

enum Repeat {
    Once,
    /// `?`
    AtMostOnce,
    /// `+`
    AtLeastOnce,
}

/// Characters, as ranges.
struct Set(Vec<(char, char)>);

impl Set {
    fn has(&self, c: char) -> bool {
        self.0.iter().any(|(low, high)| (*low..=*high).contains(&c))
    }
}

fn compile(pattern: &str) -> Result<Vec<Atom>, &'static str> {
    let mut atoms = Vec::new();
    let mut rest = pattern;
    let mut in_directory = false;
    while let Some(c) = rest.chars().next() {
        let mut after = rest.get(c.len_utf8()..).unwrap_or_default();
        let atom = match c {
            '*' => match rest.strip_prefix("**") {
                Some(deeper) if !in_directory && deeper.starts_with('/') => {
                    after = deeper.get(1..).unwrap_or_default();
                    Atom::Directories
                }
                Some(deeper) => {
                    after = deeper;
                    Atom::Anything
                }
                None => Atom::WithinDirectory,
            },
            '?' | '+' => match atoms.pop() {
                Some(Atom::One(set, Repeat::Once)) => Atom::One(set, if c == '?' { Repeat::AtMostOnce } else { Repeat::AtLeastOnce }),
                _ => return Err("`?` and `+` need a character before them"),
            },
            '[' => {
                let (inner, behind) = after.split_once(']').ok_or("`[` is not closed")?;
                after = behind;
                Atom::One(compile_set(inner)?, Repeat::Once)
            }
            '\\' => {
                let escaped = after.chars().next().ok_or("nothing follows `\\`")?;
                after = after.get(escaped.len_utf8()..).unwrap_or_default();
                Atom::One(Set(vec![(escaped, escaped)]), Repeat::Once)
            }
            literal => Atom::One(Set(vec![(literal, literal)]), Repeat::Once),
        };
        in_directory = !matches!(atom, Atom::Directories) && c != '/';
        atoms.push(atom);
        rest = after;
    }
    Ok(atoms)
}

fn compile_set(inner: &str) -> Result<Set, &'static str> {
    if inner.is_empty() || inner.starts_with(['!', '^']) || inner.contains('\\') {
        return Err("`[]` lists letters, digits and their ranges");
    }
    let mut ranges = Vec::new();
    let mut chars = inner.chars().peekable();
    while let Some(low) = chars.next() {
        let mut ahead = chars.clone();
        let high = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(high)) => {
                chars = ahead;
                high
            }
            _ => low,
        };
        let kinds: [fn(&char) -> bool; 3] = [char::is_ascii_digit, char::is_ascii_lowercase, char::is_ascii_uppercase];
        if low != high && (low > high || !kinds.iter().any(|kind| kind(&low) && kind(&high))) {
            return Err("ranges go up, within `a-z`, `A-Z` or `0-9`");
        }
        ranges.push((low, high));
    }
    Ok(Set(ranges))
}

/// Walks all ways to match at once.
fn matches_atoms(atoms: &[Atom], name: &str) -> bool {
    let mut at = vec![false; atoms.len() + 1];
    enter(atoms, &mut at, 0);
    for c in name.chars() {
        let mut next = vec![false; atoms.len() + 1];
        for (index, atom) in atoms.iter().enumerate().filter(|(index, _)| at.get(*index) == Some(&true)) {
            match atom {
                Atom::Directories => {
                    stay(&mut next, index);
                    if c == '/' {
                        enter(atoms, &mut next, index + 1);
                    }
                }
                Atom::Anything => enter(atoms, &mut next, index),
                Atom::WithinDirectory if c != '/' => enter(atoms, &mut next, index),
                Atom::One(set, repeat) if set.has(c) => {
                    enter(atoms, &mut next, index + 1);
                    if matches!(repeat, Repeat::AtLeastOnce) {
                        stay(&mut next, index);
                    }
                }
                Atom::WithinDirectory | Atom::One(..) => {}
            }
        }
        at = next;
    }
    at.last() == Some(&true)
}

/// Comes before an atom, and behind each one that may match nothing.
fn enter(atoms: &[Atom], at: &mut [bool], from: usize) {
    for index in from.. {
        stay(at, index);
        match atoms.get(index) {
            Some(Atom::Directories | Atom::Anything | Atom::WithinDirectory | Atom::One(_, Repeat::AtMostOnce)) => {}
            Some(Atom::One(..)) | None => return,
        }
    }
}

fn stay(at: &mut [bool], index: usize) {
    if let Some(here) = at.get_mut(index) {
        *here = true;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::matches;

    #[test]
    fn follows_the_documentation() {
        for (patterns, taken_in, left_out) in [
            (&["feature/*"][..], &["feature/my-branch", "feature/"][..], &["feature/a/b", "feature"][..]),
            (&["feature/**"], &["feature/a", "feature/a/b"], &["feature"]),
            (&["*"], &["main", ""], &["a/b"]),
            (&["**"], &["main", "a/b"], &[]),
            (&["*feature"], &["mona-feature", "feature"], &["a/feature", "Feature"]),
            (&["v2*"], &["v2", "v2.0"], &["v1", "v2/0"]),
            (&["v[12].[0-9]+.[0-9]+"], &["v1.10.1", "v2.0.0"], &["v3.0.0", "v1.0", "v1.0.0-rc", "v1x0x0"]),
            (&["*.jsx?"], &["page.js", "page.jsx"], &["page.jsxx", "a/page.js"]),
            (&["**.js"], &["index.js", "src/js/app.js"], &["index.ts"]),
            (&["docs/**/*.md"], &["docs/README.md", "docs/a/b/file.md"], &["docs.md", "a/docs/x.md", "docs/x"]),
            (&["**/docs/**"], &["docs/hello.md", "dir/docs/my-file.txt"], &["xdocs/a", "docs"]),
            (&["**/README.md"], &["README.md", "js/README.md"], &["xREADME.md"]),
            (&["**/*src/**"], &["a/src/app.js", "my-src/code/js/app.js"], &["src"]),
            (&["*.md", "!README.md"], &["hello.md"], &["README.md", "docs/hello.md"]),
            (&["*.md", "!README.md", "README*"], &["hello.md", "README.md", "README.doc"], &["x.doc"]),
            (&["a+b"], &["ab", "aab"], &["b", "a+b"]),
            (&["a\\+b", "\\!x"], &["a+b", "!x"], &["ab", "x"]),
            (&["a!"], &["a!"], &["a"]),
            (&["[a-c_.-]x"], &["bx", "_x", "-x"], &["dx", "x"]),
            (&["a**/b"], &["ax/b", "a/b", "a/x/b"], &["ab"]),
            (&[], &[], &["main"]),
        ] {
            for name in taken_in {
                assert_eq!(matches(patterns, name), Ok(true), "{patterns:?} {name}");
            }
            for name in left_out {
                assert_eq!(matches(patterns, name), Ok(false), "{patterns:?} {name}");
            }
        }
    }

    #[test]
    fn what_is_not_documented_is_refused() {
        for pattern in ["?a", "+", "a++", "a?+", "*?", "**+", "[", "a[]", "[^a]", "[!a]", "[a\\]]", "[z-a]", "[a-Z]", "[0-z]", "a\\", "!?"]
        {
            assert_eq!(matches(&["**", pattern], "x").unwrap_err().pattern, pattern);
        }
        assert!(matches(&["!main"], "dev").is_err());
    }

    #[test]
    fn hostile_patterns_end() {
        assert_eq!(matches(&["*a".repeat(300)], &"a".repeat(299)), Ok(false));
        assert_eq!(matches(&[format!("{}b", "**/".repeat(300))], &"a/".repeat(300)), Ok(false));
    }

    /// A piece of a pattern, for a plain and slow reference matcher.
    #[derive(Debug, Clone, Copy)]
    enum Piece {
        Text(&'static str),
        Optional(char),
        Repeated(char),
        Set(&'static [char], &'static str),
        Star,
        Stars,
        Directories,
    }

    fn text(pieces: &[Piece]) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => (*text).to_owned(),
            Piece::Optional(c) => format!("{c}?"),
            Piece::Repeated(c) => format!("{c}+"),
            Piece::Set(_, text) => (*text).to_owned(),
            Piece::Star => "*".to_owned(),
            Piece::Stars => "**".to_owned(),
            Piece::Directories => "/**/".to_owned(),
        };
        pieces.iter().map(text).collect()
    }

    fn takes(pieces: &[Piece], name: &str) -> bool {
        let Some((first, rest)) = pieces.split_first() else { return name.is_empty() };
        let behind = |text: &str| name.strip_prefix(text);
        let ends = || name.char_indices().map(|(at, _)| at).chain([name.len()]);
        match first {
            Piece::Text(text) => behind(text).is_some_and(|name| takes(rest, name)),
            Piece::Optional(c) => takes(rest, name) || behind(&c.to_string()).is_some_and(|name| takes(rest, name)),
            Piece::Repeated(c) => behind(&c.to_string()).is_some_and(|name| takes(rest, name) || takes(pieces, name)),
            Piece::Set(chars, _) => name.starts_with(*chars) && takes(rest, &name[1..]),
            Piece::Star => ends().take_while(|end| !name[..*end].contains('/')).any(|end| takes(rest, &name[end..])),
            Piece::Stars => ends().any(|end| takes(rest, &name[end..])),
            Piece::Directories => {
                behind("/").is_some_and(|name| takes(rest, name) || name.match_indices('/').any(|(at, _)| takes(rest, &name[at + 1..])))
            }
        }
    }

    /// Pieces whose texts stay apart when they stand side by side.
    fn pieces() -> impl Strategy<Value = Vec<Piece>> {
        let run_together =
            |pair: &[Piece]| matches!(pair, [Piece::Star | Piece::Stars, Piece::Star | Piece::Stars] | [Piece::Stars, Piece::Directories]);
        prop::collection::vec(select(PIECES), 1..6).prop_filter("run together", move |pieces| !pieces.windows(2).any(run_together))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn agrees_with_the_plain_reading(
            lists in prop::collection::vec((any::<bool>(), pieces()), 1..4),
            names in prop::collection::vec(prop::collection::vec(select(&["a", "b", "/", ".", "1"][..]), 0..7), 8),
        ) {
            let patterns: Vec<String> = lists.iter().map(|(negated, pieces)| format!("{}{}", if *negated { "!" } else { "" }, text(pieces))).collect();
            for name in names.iter().map(|parts| parts.concat()) {
                let last = lists.iter().rev().find(|(_, pieces)| takes(pieces, &name));
                let wanted = last.is_some_and(|(negated, _)| !negated);
                match matches(&patterns, &name) {
                    Ok(taken) => prop_assert_eq!(taken, wanted, "{:?} {}", patterns, name),
                    Err(error) => prop_assert!(lists.iter().all(|(negated, _)| *negated), "{error}"),
                }
            }
        }

        #[test]
        fn an_escaped_name_matches_itself_only(name in ".{0,12}", other in ".{0,12}") {
            let escaped: String = name.chars().flat_map(|c| ['\\', c]).collect();
            prop_assert_eq!(matches(&[&escaped], &name), Ok(true));
            prop_assert_eq!(matches(&[&escaped], &other), Ok(name == other));
            let _ = matches(&[&other], &name);
        }
    }

    const PIECES: &[Piece] = &[
        Piece::Text("a"),
        Piece::Text("a/"),
        Piece::Text("."),
        Piece::Optional('b'),
        Piece::Repeated('a'),
        Piece::Set(&['a', 'b', 'c'], "[a-c]"),
        Piece::Set(&['1', 'b'], "[1b]"),
        Piece::Star,
        Piece::Stars,
        Piece::Directories,
    ];
}
