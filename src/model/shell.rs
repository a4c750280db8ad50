//! Names in commands that a user may paste. Pure; tested by what is suggested, in `tests/program/suggestions.rs`.

/// A text from outside as one word of a POSIX shell, and not as an option.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}
