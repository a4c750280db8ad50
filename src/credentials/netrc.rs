//! What is in a `~/.netrc`: machines and their passwords. Pure.

use std::iter::Peekable;
use std::str::Chars;

/// The password of the first entry for a machine; `default` is ignored, since it was not written for this one.
pub(super) fn password(text: &str, machine: &str) -> Option<String> {
    let mut words = Words { chars: text.chars().peekable() };
    let mut ours = false;
    while let Some(word) = words.next() {
        match word.as_str() {
            "machine" if ours => return None,
            "machine" => ours = words.next()?.eq_ignore_ascii_case(machine),
            "default" if ours => return None,
            "password" => {
                let password = words.next()?;
                if ours {
                    return Some(password);
                }
            }
            "login" | "account" => {
                words.next()?;
            }
            "macdef" => words.skip_macro(),
            _ => {}
        }
    }
    None
}

/// The words of a netrc: quoted ones may hold blanks, `#` at the start of a word begins a comment.
struct Words<'a> {
    chars: Peekable<Chars<'a>>,
}

impl Words<'_> {
    /// A macro ends at an empty line.
    fn skip_macro(&mut self) {
        let mut newlines = 0;
        for char in self.chars.by_ref() {
            match char {
                '\n' => newlines += 1,
                '\r' => {}
                _ => newlines = 0,
            }
            if newlines == 2 {
                return;
            }
        }
    }

    fn quoted(&mut self) -> String {
        let mut word = String::new();
        while let Some(char) = self.chars.next() {
            match char {
                '"' => break,
                '\\' => word.extend(self.chars.next()),
                other => word.push(other),
            }
        }
        word
    }
}

impl Iterator for Words<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        loop {
            while self.chars.next_if(|char| char.is_whitespace()).is_some() {}
            if self.chars.next_if_eq(&'#').is_none() {
                break;
            }
            while self.chars.next_if(|char| *char != '\n').is_some() {}
        }
        self.chars.peek()?;
        if self.chars.next_if_eq(&'"').is_some() {
            return Some(self.quoted());
        }
        let mut word = String::new();
        while let Some(char) = self.chars.next_if(|char| !char.is_whitespace()) {
            word.push(char);
        }
        Some(word)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_entry_of_a_machine_counts() {
        let text = "# comment machine api.heroku.com password no\nmachine git.heroku.com login a password b\n\
                    machine api.heroku.com\n  login me@example.com\n  password \"a b\\\"c\"\nmachine api.heroku.com password later\n";
        assert_eq!(password(text, "api.heroku.com").as_deref(), Some("a b\"c"));
        assert_eq!(password(text, "API.heroku.com").as_deref(), Some("a b\"c"));
        assert_eq!(password(text, "git.heroku.com").as_deref(), Some("b"));
        assert_eq!(password(text, "heroku.com"), None);
    }

    #[test]
    fn a_word_in_another_place_is_no_keyword() {
        assert_eq!(password("machine a login password password p", "a").as_deref(), Some("p"));
        assert_eq!(password("machine a login machine account default password p", "a").as_deref(), Some("p"));
        assert_eq!(password("machine a login x default login y password p", "a"), None);
        assert_eq!(password("machine a login x machine b password p", "a"), None);
        assert_eq!(password("default password p", "a"), None);
        assert_eq!(password("macdef init\nmachine a password no\n\nmachine a password p", "a").as_deref(), Some("p"));
        assert_eq!(password("machine a password", "a"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "(machine|default|password|login|macdef|[a\"#\\\\ \n])*") {
            let _ = password(&text, "a");
        }

        #[test]
        fn what_is_written_is_read(secret in "[a-zA-Z0-9-]{1,40}", other in "[a-z]{1,10}") {
            let text = format!("machine {other}.x login l password wrong\nmachine y login {other} password {secret}\n");
            prop_assert_eq!(password(&text, "y"), Some(secret));
        }
    }
}
