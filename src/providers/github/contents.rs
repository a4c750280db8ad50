//! Files of the default branch: GETs only.
//!
//! Owns the shapes of a folder's list and of a file. Must not know what the files mean.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::Value;

use crate::http::{ApiError, ErrorKind, Reader, Target};
use crate::model::{RepoName, Unknown};

use super::target::repo_target;

/// The list of a folder never holds more; a full one may be cut.
const MOST: usize = 1000;

/// A file by its path, with its bytes, or why they could not be read.
pub type Read = (String, Result<Vec<u8>, Unknown>);

/// Reads every file of a folder of the default branch that `wanted` picks by name: the list, and each file by the hash of its content,
/// so that a file which many repositories have is read once by a client that shares answers.
///
/// # Errors
/// When the folder cannot be listed to its end. GitHub answers 404 for a folder that does not exist and for one that the token may
/// not see; one that a complete list of the folder above it lacks does not exist, and is empty.
pub async fn folder(reader: &Reader, repo: &RepoName, folder: &[&str], wanted: impl Fn(&str) -> bool) -> Result<Vec<Read>, Unknown> {
    let target = of_folder(repo, folder);
    let listed: Vec<Entry> = match reader.get_json(&target).await {
        Ok(listed) => listed,
        Err(error) if error.kind == ErrorKind::NotFound && is_absent(reader, repo, folder).await => return Ok(Vec::new()),
        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Forbidden) => {
            let hint = "give the token `Contents: read` on this repository, or run it in a checkout".to_owned();
            return Err(Unknown { hint, ..error.unknown() });
        }
        Err(error) => return Err(error.unknown()),
    };
    if listed.len() >= MOST {
        return Err(reader.malformed(&target, format!("a list of {MOST} files may be cut")).unknown());
    }
    let files = listed.into_iter().filter(|entry| entry.kind != "dir" && wanted(&entry.name));
    Ok(join_all(files.map(|entry| async move {
        let bytes = blob(reader, repo, &entry).await;
        (entry.path, bytes)
    }))
    .await)
}

fn of_folder(repo: &RepoName, folder: &[&str]) -> Target {
    folder.iter().fold(repo_target(repo).join("contents"), |target, part| target.join(part))
}

/// Whether the nearest folder above that can be listed lacks what leads to this one (law 1).
async fn is_absent(reader: &Reader, repo: &RepoName, folder: &[&str]) -> bool {
    for (depth, name) in folder.iter().enumerate().rev() {
        let above = folder.get(..depth).unwrap_or_default();
        match reader.get_json::<Vec<Entry>>(&of_folder(repo, above)).await {
            Ok(listed) => return listed.len() < MOST && listed.iter().all(|entry| entry.name != *name),
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(_) => return false,
        }
    }
    false
}

async fn blob(reader: &Reader, repo: &RepoName, entry: &Entry) -> Result<Vec<u8>, Unknown> {
    if entry.kind != "file" {
        return Err(Unknown::new(format!("it is a {}, not a file, and its target was not read", entry.kind), "replace it with a file"));
    }
    let target = repo_target(repo).join("git").join("blobs").join(&entry.sha);
    match reader.get_json::<File>(&target).await {
        Ok(file) => decode(&file).map_err(|why| reader.malformed(&target, why).unknown()),
        Err(error) => Err(error.unknown()),
    }
}

/// Reads one file of the default branch; `None` for a folder, and if GitHub answers 404, which is also what a token without access gets.
///
/// # Errors
/// When it cannot be read.
pub async fn file(reader: &Reader, repo: &RepoName, path: &str) -> Result<Option<Vec<u8>>, ApiError> {
    let target = path.split('/').fold(repo_target(repo).join("contents"), |target, part| target.join(part));
    match reader.get_json::<Value>(&target).await {
        Ok(Value::Array(_)) => Ok(None),
        Ok(file) => {
            let file = File::deserialize(file).map_err(|error| error.to_string());
            file.and_then(|file| decode(&file)).map(Some).map_err(|why| reader.malformed(&target, why))
        }
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads one file of any repository at a ref: a branch, a tag or a commit.
///
/// # Errors
/// When it cannot be read. GitHub answers 404 for what does not exist and for what the token may not see.
pub async fn file_at(reader: &Reader, repo: &RepoName, path: &str, git_ref: &str) -> Result<Vec<u8>, Unknown> {
    let target = path.split('/').fold(repo_target(repo).join("contents"), |target, part| target.join(part)).query("ref", git_ref);
    match reader.get_json::<File>(&target).await {
        Ok(file) => decode(&file).map_err(|why| reader.malformed(&target, why).unknown()),
        Err(error) if error.kind == ErrorKind::NotFound => Err(Unknown {
            reason: format!("it does not exist in {repo} at `{git_ref}`, or the token has no `Contents: read` there"),
            ..error.unknown()
        }),
        Err(error) => Err(error.unknown()),
    }
}

fn decode(file: &File) -> Result<Vec<u8>, String> {
    if file.encoding != "base64" {
        return Err(format!("the file comes as `{}`, not as base64: it is too large", file.encoding));
    }
    let letters: String = file.content.split_whitespace().collect();
    STANDARD.decode(letters).map_err(|error| format!("the file is not base64: {error}"))
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    path: String,
    sha: String,
}

#[derive(Deserialize)]
struct File {
    encoding: String,
    content: String,
}
