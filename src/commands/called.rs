//! What is read through the API: the workflow files if there is no checkout, the local actions and scripts that they run, and the
//! workflows that they call elsewhere.
//!
//! Owns how much is requested. `workflows` decides which files are needed. Tested in `tests/program/verify.rs` and `import.rs`.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use crate::http::Reader;
use crate::model::{RepoName, Unknown};
use crate::providers::github::contents;
use crate::workflows::check::{Origin, SourceFile};
use crate::workflows::facts::Facts;
use crate::workflows::reference::Reference;
use crate::workflows::resolve::Files;

use super::statics;

/// How deep calls are followed; GitHub's limit is ten.
const ROUNDS: usize = 9;

/// The maximum number of files that one run requests.
const MOST: usize = 100;

/// Extensions and folders that mark a path in a command as a script.
const SCRIPTS: &[&str] = &[".sh", ".bash", ".ps1", ".py", ".js", ".mjs", ".rb"];
const SCRIPT_FOLDERS: &[&str] = &["scripts/", "script/", "bin/", "ci/", ".github/"];

/// Every workflow file of the default branch, with the actions and scripts there that their steps run; empty only if there certainly
/// are none.
pub(super) async fn on_github(reader: &Reader, repository: &RepoName) -> Result<Files, Unknown> {
    let folder: Vec<&str> = statics::FOLDER.split('/').collect();
    let files = contents::folder(reader, repository, &folder, statics::is_workflow).await?;
    let source = |(path, bytes): contents::Read| match bytes {
        Ok(bytes) => SourceFile::new(path, bytes),
        Err(unknown) => SourceFile::unread(path, unknown.reason),
    };
    Ok(with_local(reader, repository, Files::new(files.into_iter().map(source), Some(repository))).await)
}

/// The files, and the workflows that they call elsewhere at the refs that they name.
pub(super) async fn with_called(reader: &Reader, facts: &Facts, mut files: Files) -> Files {
    let mut tried = BTreeSet::new();
    for _ in 0..ROUNDS {
        let new: Vec<String> =
            files.wanted_of_others(facts).into_iter().filter(|key| tried.len() < MOST && tried.insert(key.clone())).collect();
        if new.is_empty() {
            break;
        }
        files.add(join_all(new.into_iter().map(|key| called(reader, key))).await);
    }
    files
}

async fn called(reader: &Reader, key: String) -> SourceFile {
    let parts = Reference::parse(&key).filter(|named| !named.path.is_empty()).and_then(|named| {
        let repository = RepoName::parse(&format!("{}/{}", named.owner, named.name)).ok()?;
        Some((repository, named.path, named.git_ref?))
    });
    let Some((repository, file, git_ref)) = parts else { return SourceFile::unread(key, "its name is not understood").of(Origin::Called) };
    match contents::file_at(reader, &repository, file, git_ref).await {
        Ok(bytes) => SourceFile::new(key, bytes),
        Err(unknown) => SourceFile::unread(key, unknown.reason),
    }
    .of(Origin::Called)
}

async fn with_local(reader: &Reader, repository: &RepoName, mut files: Files) -> Files {
    let mut tried = BTreeSet::new();
    for _ in 0..ROUNDS {
        let wanted = files.wanted_of_the_checkout().into_iter().filter(|path| is_likely(path));
        let new: Vec<String> = wanted.filter(|path| tried.len() < MOST && tried.insert(path.clone())).collect();
        let found = join_all(new.into_iter().map(|path| async move {
            match contents::file(reader, repository, &path).await {
                Ok(bytes) => Some(SourceFile::script(path, &bytes?)),
                Err(error) => Some(SourceFile::unread(path, error.unknown().reason).of(Origin::Checkout)),
            }
        }));
        let found: Vec<SourceFile> = found.await.into_iter().flatten().collect();
        if found.is_empty() {
            break;
        }
        files.add(found);
    }
    files
}

fn is_likely(path: &str) -> bool {
    let is_action = path.ends_with("action.yml") || path.ends_with("action.yaml");
    is_action || SCRIPTS.iter().any(|ending| path.ends_with(ending)) || SCRIPT_FOLDERS.iter().any(|folder| path.starts_with(folder))
}
