//! Reads the files that hold credentials: whole, bounded, and only if they are files.

use std::fs::{self, File, Metadata};
use std::io::{ErrorKind, Read};
use std::path::Path;

/// The largest file that is read, in bytes.
const MAX_SIZE: u64 = 1 << 20;

/// A credential file that was read.
pub(super) struct SecretFile {
    pub(super) text: String,
    /// If other users may read it.
    pub(super) warning: Option<String>,
}

/// Reads a file; none if there is none.
///
/// # Errors
/// A sentence that says why the file exists but cannot be used.
pub(super) fn read(path: &Path) -> Result<Option<SecretFile>, String> {
    let unreadable = |why: &dyn std::fmt::Display| format!("cannot read {}: {why}", path.display());
    // Asked before it is opened: opening a FIFO waits until something writes to it.
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(&error)),
    };
    if !metadata.is_file() {
        return Err(unreadable(&"it is not a regular file"));
    }
    let mut text = String::new();
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    file.take(MAX_SIZE + 1).read_to_string(&mut text).map_err(|error| unreadable(&error))?;
    if text.len() as u64 > MAX_SIZE {
        return Err(unreadable(&"it is larger than 1 MiB"));
    }
    let warning = others_may_read(&metadata).then(|| format!("{0} holds tokens and is open to other users: chmod 600 {0}", path.display()));
    Ok(Some(SecretFile { text, warning }))
}

#[cfg(unix)]
fn others_may_read(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn others_may_read(_: &Metadata) -> bool {
    false
}
