//! Reads the files that hold credentials: whole, bounded, and only if they are files.

use std::fs::{Metadata, metadata};
use std::io::ErrorKind;
use std::path::Path;

use crate::files;

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
    let text = match files::read_text(path, MAX_SIZE) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == ErrorKind::FileTooLarge => return Err(unreadable(&"it is larger than 1 MiB")),
        Err(error) => return Err(unreadable(&error)),
    };
    let open = metadata(path).is_ok_and(|metadata| others_may_read(&metadata));
    let warning = open.then(|| format!("{0} holds tokens and is open to other users: chmod 600 {0}", path.display()));
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
