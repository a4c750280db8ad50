//! Text that an expression builds, within GitHub's limit on memory.

/// What one evaluation may hold at a time, in bytes of UTF-16, as the runner counts.
pub(super) const MAX_MEMORY: usize = 1 << 20;

/// What GitHub says when an evaluation holds more.
pub(super) const TOO_LARGE: &str = "The maximum allowed memory size was exceeded";

/// Why a function has no value.
pub(super) enum Failure {
    /// GitHub fails there.
    Error(String),
    /// GitHub may fail there, or may not.
    Undecided(String),
}

/// A string that refuses to grow over [`MAX_MEMORY`].
#[derive(Debug, Default)]
pub(super) struct Text {
    text: String,
    bytes: usize,
}

impl Text {
    pub(super) fn push(&mut self, part: &str) -> Result<(), Failure> {
        self.bytes = self.bytes.saturating_add(size(part));
        if self.bytes > MAX_MEMORY {
            return Err(Failure::Error(TOO_LARGE.to_owned()));
        }
        self.text.push_str(part);
        Ok(())
    }

    pub(super) fn into_string(self) -> String {
        self.text
    }
}

/// The memory of a string, in bytes of UTF-16.
pub(super) fn size(text: &str) -> usize {
    text.encode_utf16().count().saturating_mul(2)
}
