//! Reads files that gatectl did not write: only regular files, and only up to a size.
//!
//! Must not know what is in them. Tested here; `tests/program/refusals.rs` has the places that read.

use std::fs::{File, metadata};
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// Reads a file of at most `most` bytes. Anything else is not opened: opening a FIFO waits until something writes to it, and a device
/// may never end.
///
/// # Errors
/// [`ErrorKind::IsADirectory`]; [`ErrorKind::InvalidInput`] for what is not a regular file; [`ErrorKind::FileTooLarge`]; or the
/// system's error.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    let kind = metadata(path)?;
    if kind.is_dir() {
        return Err(Error::new(ErrorKind::IsADirectory, "it is a directory"));
    }
    if !kind.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(Error::new(ErrorKind::FileTooLarge, format!("it is larger than {most} bytes")));
    }
    Ok(bytes)
}

/// Reads a text file of at most `most` bytes.
///
/// # Errors
/// As [`read`]; [`ErrorKind::InvalidData`] if it is not UTF-8.
pub fn read_text(path: &Path, most: u64) -> Result<String> {
    String::from_utf8(read(path, most)?).map_err(|_| Error::new(ErrorKind::InvalidData, "it is not UTF-8 text"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_a_regular_file_within_the_limit_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        std::fs::write(path("file"), "four").unwrap();
        std::fs::write(path("binary"), b"\xff").unwrap();
        assert!(std::process::Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
        for (link, to) in [("link", "file"), ("loop", "loop"), ("to-pipe", "pipe")] {
            std::os::unix::fs::symlink(to, path(link)).unwrap();
        }
        assert_eq!(read(&path("file"), 4).unwrap(), b"four");
        assert_eq!(read_text(&path("link"), 4).unwrap(), "four");
        for (name, most, kind) in [
            ("file", 3, ErrorKind::FileTooLarge),
            ("binary", 1, ErrorKind::InvalidData),
            ("missing", 1, ErrorKind::NotFound),
            ("pipe", 1, ErrorKind::InvalidInput),
            ("to-pipe", 1, ErrorKind::InvalidInput),
            ("/dev/zero", 1, ErrorKind::InvalidInput),
            ("", 1, ErrorKind::IsADirectory),
        ] {
            assert_eq!(read_text(&path(name), most).unwrap_err().kind(), kind, "{name}");
        }
        assert!(read(&path("loop"), 1).is_err());
    }
}
