//! The repository that a directory belongs to, by its git remote.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::load::root;
use crate::model::RepoName;

/// A repository on some GitHub, as a git remote's address names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// The host in lower case, without a port: `github.com`, or a GitHub Enterprise Server.
    pub host: String,
    /// The repository.
    pub repository: RepoName,
}

impl Remote {
    /// Reads an address as git writes it: `https://HOST/OWNER/REPO.git`, `ssh://git@HOST/OWNER/REPO`,
    /// `git@HOST:OWNER/REPO`. A user, a password and a port are dropped; local paths are no remote.
    #[must_use]
    pub fn parse(url: &str) -> Option<Self> {
        let url = url.trim();
        let (authority, path) = match url.split_once("://") {
            Some((scheme, rest)) => {
                let known = ["https", "http", "ssh", "git", "git+ssh", "git+https"];
                known.contains(&scheme.to_ascii_lowercase().as_str()).then(|| rest.split_once('/'))??
            }
            // A single letter is a drive of Windows.
            None => url.split_once(':').filter(|(host, _)| host.len() > 1 && !host.contains(['/', '\\']))?,
        };
        let host = authority.rsplit('@').next()?.split(':').next()?.to_ascii_lowercase();
        let host = match host.as_str() {
            // Where github.com takes ssh on the port of https, and its old name.
            "ssh.github.com" | "www.github.com" => "github.com".to_owned(),
            _ => host,
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if host.is_empty() || !host.chars().all(plain) {
            return None;
        }
        let path = path.trim_matches('/');
        let repository = RepoName::parse(path.strip_suffix(".git").unwrap_or(path)).ok()?;
        Some(Self { host, repository })
    }
}

/// Reads the remote `origin` of the repository that a directory lies in, without running git.
///
/// What git itself would add from the user's own configuration (`insteadOf`, includes) is not seen.
#[must_use]
pub fn origin(start: &Path) -> Option<Remote> {
    let real = std::fs::canonicalize(start).ok()?;
    let config = config_of(&root(&real)?.join(".git"))?;
    Remote::parse(&origin_url(&read(&config)?)?)
}

/// The configuration behind `.git`: a worktree's and a submodule's `.git` is a file that says where to go on.
fn config_of(git: &Path) -> Option<PathBuf> {
    if git.is_dir() {
        return Some(git.join("config"));
    }
    let text = read(git)?;
    let dir = git.parent()?.join(text.lines().next()?.strip_prefix("gitdir:")?.trim());
    match read(&dir.join("commondir")) {
        Some(common) => Some(dir.join(common.trim()).join("config")),
        None => Some(dir.join("config")),
    }
}

fn read(path: &Path) -> Option<String> {
    const MOST: u64 = 1024 * 1024;
    let mut text = String::new();
    File::open(path).ok()?.take(MOST).read_to_string(&mut text).ok()?;
    Some(text)
}

/// The first `url` of `[remote "origin"]` in git's configuration language.
fn origin_url(config: &str) -> Option<String> {
    let mut inside = false;
    for line in config.replace("\\\n", "").lines() {
        let mut line = line.trim();
        if line.starts_with('[') {
            let (header, rest) = line.split_once(']')?;
            inside = is_origin(header);
            line = rest.trim();
        }
        if inside
            && let Some((key, value)) = line.split_once('=')
            && key.trim().eq_ignore_ascii_case("url")
        {
            return Some(unquote(value));
        }
    }
    None
}

/// The section's name compares without case, the remote's with.
fn is_origin(header: &str) -> bool {
    let mut parts = header.trim_start_matches('[').splitn(2, char::is_whitespace);
    parts.next().is_some_and(|section| section.eq_ignore_ascii_case("remote"))
        && parts.next().is_some_and(|name| name.trim() == "\"origin\"")
}

/// A value without its quotes, escapes and comment.
fn unquote(value: &str) -> String {
    let mut text = String::new();
    let mut quoted = false;
    let mut chars = value.trim().chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => quoted = !quoted,
            '\\' => text.extend(chars.next()),
            '#' | ';' if !quoted => break,
            _ => text.push(c),
        }
    }
    text.trim_end().to_owned()
}
