//! Ruby's `File.fnmatch` with `FNM_PATHNAME`: the pattern language of deployment branch policies (fact G1.2).
//!
//! `*` and `?` do not cross `/`, `**/` stands for any number of directories, `[set]` and `[^set]` for one character, `\` escapes.
//! A wildcard does not match a `.` at the start of a directory; no git ref has one there. Matching takes polynomial time.

/// Tells whether a pattern matches a whole name: the short name of a branch or tag.
pub fn matches(pattern: &str, name: &str) -> bool {
    let segments = compile(pattern);
    let mut names = name.split('/').map(|part| part.chars().collect::<Vec<_>>()).peekable();
    // Which segments of the pattern may be next; one past the last means that the pattern is used up.
    let mut next = vec![false; segments.len() + 1];
    enter(&segments, &mut next, 0);
    while let Some(part) = names.next() {
        let is_last = names.peek().is_none();
        let mut after = vec![false; segments.len() + 1];
        for (at, segment) in segments.iter().enumerate().filter(|(at, _)| next.get(*at) == Some(&true)) {
            match segment {
                Segment::AnyDepth if !is_last && part.first() != Some(&'.') => enter(&segments, &mut after, at),
                Segment::Tokens(tokens) if matches_segment(tokens, &part) => enter(&segments, &mut after, at + 1),
                Segment::AnyDepth | Segment::Tokens(_) => {}
            }
        }
        next = after;
    }
    next.last() == Some(&true)
}

/// Tells whether `*` and `?`, which stand for any characters and for one, make a text of a pattern. Nothing else is special.
pub fn matches_any(pattern: &str, text: &str) -> bool {
    let token = |c| match c {
        '*' => Token::Star,
        '?' => Token::Any,
        literal => Token::Literal(literal),
    };
    matches_tokens(&pattern.chars().map(token).collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>())
}

/// Tells whether every name that `special` matches is certainly matched by `general`. False means that this is not proven.
pub fn covers(general: &str, special: &str) -> bool {
    if starts_differ(general, special) {
        return false;
    }
    let (general, special) = (compile(general), compile(special));
    holds_from_the_start(&general, &special, |at, of, rest| match (at, of) {
        (None, None) => true,
        (Some(Segment::AnyDepth), of) => {
            let skipped = of.is_some_and(|of| !matches!(of, Segment::Tokens(tokens) if tokens.first() == Some(&Token::Literal('.'))));
            rest.after_general || (skipped && rest.after_special)
        }
        (Some(Segment::Tokens(general)), Some(Segment::Tokens(special))) => rest.after_both && covers_segment(general, special),
        _ => false,
    })
}

/// Whether two patterns differ before the first character that is not only itself: then nothing matches both. Cheaper than compiling them.
fn starts_differ(a: &str, b: &str) -> bool {
    let is_plain = |c: &char| !matches!(c, '*' | '?' | '[' | '\\');
    let plain = |text: &'_ str| text.chars().take_while(is_plain).count();
    let both = plain(a).min(plain(b));
    !a.chars().take(both).eq(b.chars().take(both))
}

/// A part of a pattern between two `/`.
enum Segment {
    /// `**/`: any number of directories, none of which starts with a `.`.
    AnyDepth,
    Tokens(Vec<Token>),
}

#[derive(PartialEq)]
enum Token {
    /// Any number of characters.
    Star,
    /// One character.
    Any,
    Literal(char),
    /// One character in, or when negated not in, the ranges.
    Set {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Token {
    /// Whether the token, which is not [`Token::Star`], matches a character.
    fn accepts(&self, c: char) -> bool {
        match self {
            Self::Star | Self::Any => true,
            Self::Literal(literal) => *literal == c,
            // Ruby compares with both ends first, so a range that runs backward still has these two.
            Self::Set { negated, ranges } => {
                ranges.iter().any(|(low, high)| c == *low || c == *high || (*low..=*high).contains(&c)) != *negated
            }
        }
    }

    /// Whether every character that `special` matches is matched by this token.
    fn covers(&self, special: &Self) -> bool {
        match (self, special) {
            (_, Self::Star) | (Self::Star, _) => false,
            (Self::Any, _) => true,
            (_, Self::Literal(c)) => self.accepts(*c),
            (_, Self::Set { negated: false, ranges }) => {
                let is_short = |(low, high): &(char, char)| u32::from(*high).saturating_sub(u32::from(*low)) < 128;
                self == special
                    || ranges.iter().all(|range| {
                        is_short(range) && self.accepts(range.0) && (range.0..=range.1).all(|c| self.accepts(c)) && self.accepts(range.1)
                    })
            }
            _ => self == special,
        }
    }
}

/// Marks a segment as a possible next one, and with each `**/` also what follows it.
fn enter(segments: &[Segment], next: &mut [bool], at: usize) {
    for at in at.. {
        match next.get_mut(at) {
            Some(seen) => *seen = true,
            None => return,
        }
        if !matches!(segments.get(at), Some(Segment::AnyDepth)) {
            return;
        }
    }
}

fn matches_segment(tokens: &[Token], part: &[char]) -> bool {
    (part.first() != Some(&'.') || tokens.first() == Some(&Token::Literal('.'))) && matches_tokens(tokens, part)
}

fn matches_tokens(tokens: &[Token], part: &[char]) -> bool {
    // The last `*` can always take over from those before it, so one point to return to is enough.
    let (mut token, mut at) = (0, 0);
    let mut retry = None;
    loop {
        match (tokens.get(token), part.get(at)) {
            (None, None) => return true,
            (Some(Token::Star), _) => {
                retry = Some((token + 1, at));
                token += 1;
                continue;
            }
            (Some(expected), Some(c)) if expected.accepts(*c) => {
                (token, at) = (token + 1, at + 1);
                continue;
            }
            _ => {}
        }
        match retry {
            Some((after_star, from)) if from < part.len() => {
                retry = Some((after_star, from + 1));
                (token, at) = (after_star, from + 1);
            }
            _ => return false,
        }
    }
}

fn covers_segment(general: &[Token], special: &[Token]) -> bool {
    let dot = Some(&Token::Literal('.'));
    if special.first() == dot && general.first() != dot {
        return false;
    }
    holds_from_the_start(general, special, |at, of, rest| match (at, of) {
        (None, None) => true,
        (Some(Token::Star), of) => rest.after_general || (of.is_some() && rest.after_special),
        (Some(general), Some(special)) => rest.after_both && general.covers(special),
        _ => false,
    })
}

/// What is proven of the rests of two patterns.
struct Rests {
    after_general: bool,
    after_special: bool,
    after_both: bool,
}

/// Fills the table of all pairs of rests from their ends, and returns what holds of the whole patterns.
fn holds_from_the_start<T>(general: &[T], special: &[T], holds: impl Fn(Option<&T>, Option<&T>, Rests) -> bool) -> bool {
    let mut below: Vec<bool> = Vec::new();
    for i in (0..=general.len()).rev() {
        let mut row = vec![false; special.len() + 1];
        for j in (0..=special.len()).rev() {
            let is = |row: &[bool], at: usize| row.get(at) == Some(&true);
            let rests = Rests { after_general: is(&below, j), after_special: is(&row, j + 1), after_both: is(&below, j + 1) };
            let proven = holds(general.get(i), special.get(j), rests);
            if let Some(cell) = row.get_mut(j) {
                *cell = proven;
            }
        }
        below = row;
    }
    below.first() == Some(&true)
}

fn compile(pattern: &str) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut rest = pattern;
    loop {
        if let Some(after) = rest.strip_prefix("**/") {
            segments.push(Segment::AnyDepth);
            rest = after;
            continue;
        }
        let (tokens, after) = compile_segment(rest);
        segments.push(Segment::Tokens(tokens));
        match after {
            Some(after) => rest = after,
            None => return segments,
        }
    }
}

/// The tokens up to the next `/`, and what follows it.
fn compile_segment(pattern: &str) -> (Vec<Token>, Option<&str>) {
    let mut tokens = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        let token = match c {
            '/' => return (tokens, Some(chars.as_str())),
            '*' => Token::Star,
            '?' => Token::Any,
            '[' => match compile_set(chars.as_str()) {
                Some((set, after)) => {
                    chars = after.chars();
                    set
                }
                // An unclosed set matches nothing.
                None => {
                    tokens.push(Token::Set { negated: false, ranges: Vec::new() });
                    return (tokens, None);
                }
            },
            '\\' => match chars.next() {
                // An escaped separator still separates.
                Some('/') => return (tokens, Some(chars.as_str())),
                escaped => Token::Literal(escaped.unwrap_or('\\')),
            },
            literal => Token::Literal(literal),
        };
        tokens.push(token);
    }
    (tokens, None)
}

/// A set after its `[`, and what follows its `]`.
fn compile_set(pattern: &str) -> Option<(Token, &str)> {
    let inner = pattern.strip_prefix(['!', '^']);
    let negated = inner.is_some();
    let mut chars = inner.unwrap_or(pattern).chars();
    let mut ranges = Vec::new();
    let literal = |chars: &mut std::str::Chars<'_>, first: char| if first == '\\' { chars.next() } else { Some(first) };
    loop {
        let first = chars.next()?;
        if first == ']' {
            return Some((Token::Set { negated, ranges }, chars.as_str()));
        }
        let low = literal(&mut chars, first)?;
        let mut ahead = chars.clone();
        let high = match (ahead.next()?, ahead.next()) {
            ('-', Some(']')) => low,
            ('-', Some(second)) => {
                let high = literal(&mut ahead, second)?;
                chars = ahead;
                high
            }
            _ => low,
        };
        ranges.push((low, high));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{covers, matches, matches_any};

    #[test]
    fn a_name_with_a_dot_is_any_name_where_only_wildcards_are_special() {
        assert!(matches_any("*", ".github") && matches_any("svc-?", "svc-a") && matches_any("[a]", "[a]") && matches_any("", ""));
        assert!(!matches_any("svc-?", "svc-") && !matches_any("*x", ".github") && !matches("*", ".github"));
    }

    #[test]
    fn follows_ruby() {
        for (pattern, name) in [
            ("main", "main"),
            ("*", "main"),
            ("*", ""),
            ("v*", "v1.2.3"),
            ("release/*", "release/1"),
            ("release/*", "release/"),
            ("release/**/*", "release/a/b/c"),
            ("release/**/*", "release/a"),
            ("**/*", "a/b"),
            ("**/*", "a"),
            ("**/x", "/x"),
            ("a**/b", "axy/b"),
            ("refs/pull/*/merge", "refs/pull/7/merge"),
            ("*?", "a"),
            ("*c*a*t*s*", "cats"),
            ("[ab]x", "bx"),
            ("[!ab]x", "cx"),
            ("[^a-c]x", "dx"),
            ("[a-]", "-"),
            ("[z-a]", "z"),
            ("[a\\-c]", "-"),
            ("[^]", "q"),
            ("[a/b]", "b"),
            ("\\*", "*"),
            ("\\a", "a"),
            ("a\\", "a\\"),
            ("a\\/b", "a/b"),
            ("**\\/b", "a/b"),
            (".*", ".x"),
            ("\\.x", ".x"),
            ("**/.d/**/c", "a/.d/b/c"),
            ("?\u{e9}?", "\u{e8}\u{e9}\u{ea}"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("main", "Main"),
            ("main", "main2"),
            ("*", "a/b"),
            ("v*", "v1/2"),
            ("release?1", "release/1"),
            ("release[/]1", "release/1"),
            ("release[^a]1", "release/1"),
            ("release/*", "release"),
            ("release/*", "release/a/b"),
            ("**", "a/b"),
            ("a/**", "a/b/c"),
            ("**\\/b", "a/c/b"),
            ("**/x", "ax"),
            ("a**/b", "a/x/b"),
            ("[ab", "a"),
            ("[]a]", "a"),
            ("[a\\-c]", "b"),
            ("*", ".x"),
            ("?x", ".x"),
            ("[.]x", ".x"),
            ("**/c", "a/.b/c"),
            ("*abc", "abcabz"),
            ("{a,b}", "a"),
            ("", "a"),
            ("a", ""),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn proves_what_people_write() {
        for (general, special) in [
            ("*", "main"),
            ("*", "v*"),
            ("v*", "v1.*"),
            ("v*", "v[0-9]*.?"),
            ("release/*", "release/v*"),
            ("release/**/*", "release/a/*"),
            ("**/*", "a/*/c"),
            ("**/*", "**/a/*"),
            ("v[0-9]*", "v[3-5]"),
            ("v?", "v[^a]"),
        ] {
            assert!(covers(general, special), "{general} {special}");
            assert!(!covers(special, general), "{special} {general}");
        }
        for (general, special) in
            [("*", "a/b"), ("*", "a/*"), ("main", "*"), ("v[0-3]", "v[2-9]"), ("*", ".x"), ("*/*", "**/a"), ("a*", "[ab]*")]
        {
            assert!(!covers(general, special), "{general} {special}");
        }
    }

    #[test]
    fn hostile_patterns_end() {
        let stars = "*a".repeat(500);
        assert!(!matches(&stars, &"a".repeat(400)));
        assert!(!matches(&"**/a*/".repeat(200), &"a/".repeat(150)));
        assert!(covers(&stars, &stars));
    }

    /// Few characters, so that patterns and names meet.
    fn pattern() -> impl Strategy<Value = String> {
        const PIECES: [&str; 14] = ["a", "b", ".", "/", "*", "**/", "?", "[ab]", "[^a]", "[.-b]", "\\a", "\\*", "*/", "["];
        proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..7).prop_map(|pieces| pieces.concat())
    }

    fn name() -> impl Strategy<Value = String> {
        proptest::collection::vec(proptest::sample::select(&["a", "b", "c", ".", "/", "*"][..]), 0..7).prop_map(|pieces| pieces.concat())
    }

    /// A pattern that a name matches: each of its characters, or something wider.
    fn widened(name: &str, choices: &[u8]) -> String {
        name.chars()
            .zip(choices.iter().cycle())
            .enumerate()
            .map(|(at, (c, choice))| match (c, choice % 4) {
                ('/' | '.', _) | (_, 0) => format!("\\{c}"),
                (_, 1) => "?".to_owned(),
                (_, 2) if at > 0 => "*".to_owned(),
                _ => format!("[^/{}]", if c == 'a' { 'b' } else { 'a' }),
            })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_covers_matches_no_less(general in pattern(), special in pattern(), names in proptest::collection::vec(name(), 20)) {
            if covers(&general, &special) {
                for name in names.iter().filter(|name| matches(&special, name)) {
                    prop_assert!(matches(&general, name), "{general} {special} {name}");
                }
            }
        }

        #[test]
        fn a_pattern_covers_itself_and_the_literals_it_matches(pattern in pattern(), name in name()) {
            prop_assert!(covers(&pattern, &pattern));
            let literal: String = name.chars().map(|c| if c == '/' { "/".to_owned() } else { format!("\\{c}") }).collect();
            prop_assert!(matches(&literal, &name));
            prop_assert_eq!(covers(&pattern, &literal), matches(&pattern, &name));
        }

        #[test]
        fn wider_pieces_still_match(name in name(), choices in proptest::collection::vec(0..4_u8, 1..8)) {
            let pattern = widened(&name, &choices);
            prop_assert!(matches(&pattern, &name), "{pattern} {name}");
        }

        #[test]
        fn any_text_is_a_pattern(pattern in ".{0,40}", name in ".{0,20}") {
            let _ = matches(&pattern, &name);
            prop_assert!(covers(&pattern, &pattern));
        }
    }
}
