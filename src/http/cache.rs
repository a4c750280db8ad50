//! Answers of earlier runs, on disk, for conditional requests: an entry only ever saves the transfer of what the server says is unchanged.
//!
//! Owns the files. An entry is one whole 200 with an `ETag`, under a name made of the server, the token and the address, so that no
//! other token's answer is ever used. An entry that differs from what was written is ignored. Must not know what an answer means.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use http::header::{CACHE_CONTROL, ETAG, LINK};
use http::{HeaderMap, HeaderValue, Response};
use hyper::body::Bytes;
use ring::digest::{SHA256, digest};

use super::token::Token;

/// The first line of every entry; another one is another program's, or another version's.
const MAGIC: &str = "gatectl-cache 1";
/// Larger answers are not kept, in bytes.
const MAX_ENTRY: usize = 1 << 20;
/// All entries together, in bytes, when a run begins to write.
const MAX_TOTAL: u64 = 64 << 20;
/// Entries older than this are dropped.
const MAX_AGE: Duration = Duration::from_secs(30 * 24 * 3600);

/// A folder of answers. Every failure to read or write it is the same as having no entry.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    /// Whether the folder can be trusted, once checked.
    usable: OnceLock<bool>,
}

/// The name of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// What a write to one part of it may change.
    scope: String,
    file: String,
}

impl Key {
    /// The name of the answer that this token gets at this address; `scope` is the part of the address whose answers are dropped together.
    pub(super) fn new(origin: &str, token: Option<&Token>, scope: &str, address: &str) -> Self {
        let identity = token.map(Token::digest).unwrap_or_default();
        let name = |what: &str| hex(&[origin.as_bytes(), identity.as_bytes(), what.as_bytes()].join(&0));
        Self { scope: name(scope), file: name(address) }
    }
}

/// An answer as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) etag: HeaderValue,
    link: Option<HeaderValue>,
    body: Bytes,
}

impl Stored {
    /// The cacheable part of a whole 200, if the server allows caching and it does not contain the token.
    pub(super) fn of(response: &Response<Bytes>, token: Option<&Token>) -> Option<Self> {
        let headers = response.headers();
        let forbidden = headers.get_all(CACHE_CONTROL).iter().any(|value| value.as_bytes().windows(8).any(|part| part == b"no-store"));
        let body = response.body().clone();
        if response.status() != 200 || forbidden || body.len() > MAX_ENTRY || token.is_some_and(|token| token.is_in(&body)) {
            return None;
        }
        Some(Self { etag: headers.get(ETAG)?.clone(), link: headers.get(LINK).cloned(), body })
    }

    /// The stored answer, with the headers of the server's 304.
    pub(super) fn response(self, not_modified: HeaderMap) -> Response<Bytes> {
        let mut response = Response::new(self.body);
        *response.headers_mut() = not_modified;
        if let Some(link) = self.link {
            response.headers_mut().insert(LINK, link);
        }
        response
    }

    fn to_bytes(&self) -> Vec<u8> {
        let link = self.link.as_ref().map(HeaderValue::as_bytes).unwrap_or_default();
        let rest = [self.etag.as_bytes(), link, &self.body].join(&b'\n');
        [MAGIC.as_bytes(), hex(&rest).as_bytes(), &rest].join(&b'\n')
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (magic, rest) = line(bytes)?;
        let (sum, rest) = line(rest)?;
        if magic != MAGIC.as_bytes() || sum != hex(rest).as_bytes() {
            return None;
        }
        let (etag, rest) = line(rest)?;
        let (link, body) = line(rest)?;
        let link = if link.is_empty() { None } else { Some(HeaderValue::from_bytes(link).ok()?) };
        Some(Self { etag: HeaderValue::from_bytes(etag).ok()?, link, body: Bytes::copy_from_slice(body) })
    }
}

fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

fn hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Cache {
    /// Answers in this folder, which is made when the first one is written.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder, usable: OnceLock::new() }
    }

    pub(super) fn read(&self, key: &Key) -> Option<Stored> {
        if !self.folder.is_dir() || !self.is_usable() {
            return None;
        }
        let path = self.path(key);
        let most = MAX_ENTRY + 64 * 1024;
        let metadata = fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_file)?;
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).ok()?.min(most));
        File::open(&path).ok()?.take(most as u64).read_to_end(&mut bytes).ok()?;
        Stored::from_bytes(&bytes)
    }

    pub(super) fn write(&self, key: &Key, stored: &Stored) {
        let write = || {
            if !self.is_usable() {
                return None;
            }
            let path = self.path(key);
            let folder = path.parent()?;
            make_private(folder).ok()?;
            // Readable by this user alone, and whole or not at all.
            let mut file = tempfile::NamedTempFile::new_in(folder).ok()?;
            file.write_all(&stored.to_bytes()).ok()?;
            file.persist(&path).ok()
        };
        if write().is_none() {
            tracing::debug!("an answer could not be kept in {}", self.folder.display());
        }
    }

    /// Drops every answer of the scope of this one.
    pub(super) fn forget(&self, key: &Key) {
        let _ = fs::remove_dir_all(self.folder.join(&key.scope));
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.folder.join(&key.scope).join(&key.file)
    }

    /// Whether no other user can put entries there. Entries that are too old or too many are dropped at the same time.
    fn is_usable(&self) -> bool {
        *self.usable.get_or_init(|| {
            let usable = make_private(&self.folder).is_ok() && is_private(&self.folder);
            if usable {
                prune(&self.folder);
            } else {
                tracing::debug!("{} is not used: it is not this user's alone", self.folder.display());
            }
            usable
        })
    }
}

#[cfg(unix)]
fn make_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_private(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)
}

/// A folder of this user that no other may write to; the owner of a new file shows who this user is.
#[cfg(unix)]
fn is_private(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let own = || Some(tempfile::NamedTempFile::new_in(folder).ok()?.as_file().metadata().ok()?.uid());
    let metadata = fs::symlink_metadata(folder);
    metadata.is_ok_and(|metadata| metadata.is_dir() && metadata.mode() & 0o022 == 0 && own() == Some(metadata.uid()))
}

#[cfg(not(unix))]
fn is_private(_: &Path) -> bool {
    true
}

/// Drops entries that are too old, and the oldest of too many.
fn prune(folder: &Path) {
    let list = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect::<Vec<_>>();
    let mut entries: Vec<(SystemTime, u64, PathBuf)> = list(folder)
        .iter()
        .flat_map(|scope| list(scope))
        .filter_map(|path| {
            let metadata = fs::symlink_metadata(&path).ok()?;
            Some((metadata.modified().ok()?, metadata.len(), path))
        })
        .collect();
    entries.sort();
    let mut total: u64 = entries.iter().map(|(_, size, _)| size).sum();
    let oldest = SystemTime::now().checked_sub(MAX_AGE).unwrap_or(SystemTime::UNIX_EPOCH);
    for (modified, size, path) in entries {
        if modified >= oldest && total <= MAX_TOTAL {
            break;
        }
        if fs::remove_file(&path).is_ok() {
            total -= size;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stored(body: &str) -> Stored {
        let response = Response::builder().header(ETAG, "W/\"1\"").header(LINK, "<x>; rel=\"next\"").body(Bytes::from(body.to_owned()));
        Stored::of(&response.unwrap(), None).unwrap()
    }

    fn key(origin: &str, token: &str, address: &str) -> Key {
        Key::new(origin, Some(&Token::new(token, "a test")), "/repos/o/r", address)
    }

    #[test]
    fn an_answer_is_read_only_by_the_identity_that_got_it() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().join("gatectl"));
        let own = key("https://a", "token", "/repos/o/r/x?page=1");
        assert_eq!(cache.read(&own), None);
        cache.write(&own, &stored("{\"a\":1}\n"));
        assert_eq!(Cache::at(folder.path().join("gatectl")).read(&own), Some(stored("{\"a\":1}\n")));
        for other in [
            key("https://b", "token", "/repos/o/r/x?page=1"),
            key("https://a", "other", "/repos/o/r/x?page=1"),
            key("https://a", "token", "/repos/o/r/x?page=2"),
        ] {
            assert_eq!(cache.read(&other), None, "{other:?}");
        }
        cache.forget(&key("https://a", "token", "/repos/o/r/y"));
        assert_eq!(cache.read(&own), None, "a write to one part of a scope forgets all of it");
    }

    #[cfg(unix)]
    #[test]
    fn entries_are_this_users_alone_and_another_users_folder_is_not_used() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gatectl");
        let own = key("https://a", "token", "/x");
        let cache = Cache::at(path.clone());
        cache.write(&own, &stored("1"));
        assert_eq!(fs::metadata(cache.path(&own)).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o770)).unwrap();
        assert_eq!(Cache::at(path.clone()).read(&own), None);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        assert!(Cache::at(path).read(&own).is_some());
    }

    #[test]
    fn what_a_server_or_the_size_forbids_is_not_kept() {
        let of = |status: u16, headers: &[(&str, &str)], body: &str| {
            let builder = headers.iter().fold(Response::builder().status(status), |builder, (name, value)| builder.header(*name, *value));
            Stored::of(&builder.body(Bytes::from(body.to_owned())).unwrap(), Some(&Token::new("ghp_secret0123456789", "a test")))
        };
        let etag = ("etag", "\"1\"");
        assert!(of(200, &[etag], "{}").is_some());
        assert!(of(200, &[], "{}").is_none());
        assert!(of(200, &[etag, ("cache-control", "private, no-store")], "{}").is_none());
        assert!(of(404, &[etag], "{}").is_none());
        assert!(of(200, &[etag], "\"ghp_secret0123456789\"").is_none(), "a token is written nowhere");
        assert!(of(200, &[etag], &"x".repeat(MAX_ENTRY + 1)).is_none());
    }

    proptest! {
        #[test]
        fn an_entry_reads_back_as_written_and_any_change_makes_it_nothing(body in "[ -~\n]{0,60}", at in any::<prop::sample::Index>(), to in any::<u8>()) {
            let written = stored(&body).to_bytes();
            prop_assert_eq!(Stored::from_bytes(&written), Some(stored(&body)));
            let mut changed = written.clone();
            let at = at.index(changed.len());
            changed[at] = to;
            prop_assert!(changed == written || Stored::from_bytes(&changed).is_none());
            prop_assert_eq!(Stored::from_bytes(&written[..at]), None);
        }
    }
}
