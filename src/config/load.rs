//! Finds gate.toml and reads it from the disk.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::discover::root;
use super::position::Lines;
use super::{Config, MAX_BYTES, Problems, parse};
use crate::files;
use crate::model::shell_word;

/// What the file is called.
pub const FILE_NAME: &str = "gate.toml";

/// Why a gate.toml could not be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadError {
    /// There is no text to read.
    Unreadable(Unreadable),
    /// The text has problems.
    Problems(Problems),
}

/// A file that is not text, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The file as the user named it.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// The next step.
    pub help: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(unreadable) => unreadable.fmt(f),
            Self::Problems(problems) => problems.fmt(f),
        }
    }
}

impl std::error::Error for LoadError {}

/// Reads a gate.toml.
///
/// # Errors
/// When the file cannot be read as text, or its text has problems: all of them.
pub fn load(path: &Path) -> Result<Config, LoadError> {
    let name = path.to_string_lossy().into_owned();
    let unreadable = |message: String, help: &str| LoadError::Unreadable(Unreadable { path: name.clone(), message, help: help.to_owned() });
    let bytes = files::read(path, MAX_BYTES as u64).map_err(|e| match e.kind() {
        ErrorKind::NotFound if path.is_symlink() => {
            unreadable("is a link to a file that does not exist".to_owned(), "correct the link, or put the file itself in its place")
        }
        ErrorKind::NotFound => {
            // A name that must be quoted is hardly meant.
            let is_plain = shell_word(&name) == name;
            let new = if is_plain { name.as_str() } else { "gate.toml" };
            let help = format!("name the file with --config, or write one from what is live: `gatectl import OWNER/REPO --out {new}`");
            unreadable("no such file".to_owned(), &help)
        }
        ErrorKind::IsADirectory => unreadable("is a directory".to_owned(), "name the file in it: --config DIR/gate.toml"),
        ErrorKind::InvalidInput => {
            unreadable("is not a regular file".to_owned(), "copy it into a file first: reading a pipe or a device may never end")
        }
        ErrorKind::FileTooLarge => {
            unreadable(format!("larger than {MAX_BYTES} bytes"), "a gate.toml holds a few tables; check that this is the right file")
        }
        ErrorKind::PermissionDenied => unreadable("permission denied".to_owned(), "make the file readable for this user"),
        _ => unreadable(format!("cannot be read: {e}"), "check the path and the disk"),
    })?;
    let text = std::str::from_utf8(&bytes).map_err(|e| {
        let valid = bytes.get(..e.valid_up_to()).map(String::from_utf8_lossy).unwrap_or_default();
        let at = Lines::new(&valid).locate(&(valid.len()..valid.len()));
        let message = format!("invalid UTF-8 at byte {} (line {}, column {})", e.valid_up_to(), at.line, at.column);
        unreadable(message, "save the file as UTF-8")
    })?;
    if text.trim().is_empty() {
        let help =
            "a failed `gatectl import > gate.toml` leaves an empty file behind: write it with `gatectl import OWNER/REPO --out gate.toml`";
        return Err(unreadable("the file is empty".to_owned(), help));
    }
    parse(&name, text).map_err(LoadError::Problems)
}

/// Finds gate.toml in a directory or in a parent, up to the repository's root: the directory that holds `.git`.
///
/// Outside of a repository only the directory itself is looked at: a file left in a shared parent, such
/// as /tmp, would choose the server that a token is sent to. A link that leads nowhere is found too: no other file may take its
/// place unnoticed. The answer is relative where `start` is.
pub fn find(start: &Path) -> Option<PathBuf> {
    let real = std::fs::canonicalize(start).ok()?;
    let root = root(&real).unwrap_or(&real);
    let up = real.ancestors().take_while(|dir| dir.starts_with(root));
    let (levels, _) = up.enumerate().find(|(_, dir)| dir.join(FILE_NAME).symlink_metadata().is_ok())?;
    let here = if start == Path::new(".") { Path::new("") } else { start };
    Some(std::iter::repeat_n(Path::new(".."), levels).fold(here.to_owned(), |path, up| path.join(up)).join(FILE_NAME))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn unreadable(path: &Path) -> Unreadable {
        match load(path) {
            Err(LoadError::Unreadable(unreadable)) => unreadable,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_no_text_is_one_clear_error() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(FILE_NAME);
        let missing = unreadable(&file);
        assert!(missing.message.contains("no such file") && missing.help.contains("gatectl import"), "{missing:?}");
        assert_eq!(missing.path, file.to_string_lossy());
        let directory = unreadable(dir.path());
        assert!(directory.message.contains("directory") && directory.help.contains("gate.toml"), "{directory:?}");
        fs::write(&file, b"version = 1\n# \xc3\xa9\xff\n").unwrap();
        let binary = unreadable(&file);
        assert_eq!(binary.message, "invalid UTF-8 at byte 16 (line 2, column 4)");
        assert!(binary.help.contains("UTF-8"));
        fs::write(&file, vec![b' '; MAX_BYTES + 1]).unwrap();
        assert!(unreadable(&file).message.contains("larger than 1048576 bytes"));
        fs::write(&file, "version = 1\nx = 1\n").unwrap();
        let shown = load(&file).unwrap_err().to_string();
        assert!(shown.contains(&format!("{}:2:1", file.display())), "{shown}");
        fs::write(&file, "version = 1\n").unwrap();
        assert_eq!(load(&file).unwrap().path, file.to_string_lossy());
    }

    #[test]
    fn the_nearest_file_within_the_repository_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let repo = dir.path().join("repo");
        let deep = repo.join("a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(dir.path().join(FILE_NAME), "").unwrap();
        assert_eq!(find(&deep), None, "outside of a repository parents are not searched");
        assert_eq!(find(dir.path()), Some(dir.path().join(FILE_NAME)));
        fs::create_dir(repo.join(".git")).unwrap();
        assert_eq!(find(&deep), None, "the search ends at the repository's root");
        fs::write(repo.join(FILE_NAME), "").unwrap();
        assert_eq!(find(&deep), Some(deep.join("../../gate.toml")));
        assert_eq!(find(&repo), Some(repo.join(FILE_NAME)));
        fs::write(repo.join("a").join(FILE_NAME), "").unwrap();
        assert_eq!(find(&deep), Some(deep.join("../gate.toml")));
        assert_eq!(find(&repo.join("missing")), None);
        #[cfg(unix)]
        {
            let link = deep.join(FILE_NAME);
            std::os::unix::fs::symlink("nowhere", &link).unwrap();
            assert_eq!(find(&deep), Some(link.clone()), "a link that leads nowhere hides no other file");
            assert_eq!(unreadable(&link).message, "is a link to a file that does not exist");
        }
        assert_eq!(find(Path::new(".")), Some(PathBuf::from(FILE_NAME)), "tests run where this project's own file is");
    }
}
