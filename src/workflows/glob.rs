//! stub
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    fn go(p: &[u8], n: &[u8]) -> bool {
        match p {
            [] => n.is_empty(),
            [b'*', b'*', r @ ..] => (0..=n.len()).any(|k| go(r, &n[k..])),
            [b'*', r @ ..] => (0..=n.len()).take_while(|k| !n[..*k].contains(&b'/')).any(|k| go(r, &n[k..])),
            [b'[', b'0', b'-', b'9', b']', b'+', r @ ..] => {
                (1..=n.len()).take_while(|k| n[..*k].iter().all(u8::is_ascii_digit)).any(|k| go(r, &n[k..]))
            }
            [c, b'?', r @ ..] => go(r, n) || (n.first() == Some(c) && go(r, &n[1..])),
            [c, r @ ..] => n.first() == Some(c) && go(r, &n[1..]),
        }
    }
    go(pattern.as_bytes(), name.as_bytes())
}
