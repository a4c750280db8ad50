//! The repository that a directory belongs to, by its git remote.

use std::path::{Component, Path, PathBuf};

use crate::files;
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
    /// `git@HOST:OWNER/REPO`. A user, a password and a port are dropped; local paths are not remotes.
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
            // The host on which github.com takes SSH on the HTTPS port, and its old name.
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
pub fn origin(start: &Path) -> Option<Remote> {
    let real = std::fs::canonicalize(start).ok()?;
    let config = config_of(&root(&real)?.join(".git"))?;
    Remote::parse(&origin_url(&read(&config)?)?)
}

/// The root of the git checkout that a directory lies in.
pub fn checkout(start: &Path) -> Option<PathBuf> {
    let real = std::fs::canonicalize(start).ok()?;
    root(&real).map(Path::to_owned)
}

/// Whether a path lies in the checkout of `start`, and what it names does not: a link leads out. Outside of a checkout `start` itself
/// counts as one.
pub fn leads_out(start: &Path, path: &Path) -> bool {
    let (Ok(here), Ok(real)) = (std::fs::canonicalize(start), std::fs::canonicalize(start.join(path))) else { return false };
    let inside = root(&here).unwrap_or(&here);
    let mut named = if path.is_absolute() { PathBuf::new() } else { here.clone() };
    for part in path.components() {
        match part {
            Component::ParentDir => _ = named.pop(),
            Component::CurDir => {}
            part => named.push(part),
        }
    }
    named.starts_with(inside) && !real.starts_with(inside)
}

/// The default branch of the remote `origin`, as the last clone or fetch noted it (`refs/remotes/origin/HEAD`).
pub fn default_branch(start: &Path) -> Option<String> {
    let config = config_of(&checkout(start)?.join(".git"))?;
    let head = read(&config.parent()?.join("refs/remotes/origin/HEAD"))?;
    head.trim().strip_prefix("ref: refs/remotes/origin/").map(str::to_owned)
}

/// The configuration behind `.git`: a worktree's and a submodule's `.git` is a file with the path of the real one.
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

/// git's own files are small; a configuration with ten thousand branches has a megabyte.
fn read(path: &Path) -> Option<String> {
    files::read_text(path, 16 * 1024 * 1024).ok()
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

/// The nearest directory that holds `.git`: a directory in a clone, a file in a worktree or submodule.
pub(super) fn root(real: &Path) -> Option<&Path> {
    real.ancestors().find(|dir| dir.join(".git").exists())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn parsed(url: &str) -> Option<(String, String)> {
        Remote::parse(url).map(|remote| (remote.host, remote.repository.to_string()))
    }

    #[test]
    fn every_form_of_an_address_names_host_and_repository() {
        for (url, host) in [
            ("https://github.com/o/r.git", "github.com"),
            ("https://github.com/o/r", "github.com"),
            ("https://github.com/o/r/", "github.com"),
            ("https://user:secret@GitHub.com/o/r.git", "github.com"),
            ("git@github.com:o/r.git", "github.com"),
            ("github.com:o/r", "github.com"),
            ("ssh://git@github.com/o/r.git", "github.com"),
            ("ssh://git@ssh.github.com:443/o/r.git", "github.com"),
            ("git://github.com/o/r.git", "github.com"),
            ("git+ssh://git@github.com/o/r.git", "github.com"),
            ("git@ghe.example.com:o/r.git", "ghe.example.com"),
            ("https://ghe.example.com:8443/o/r", "ghe.example.com"),
            ("git@ghe.example.com:/o/r.git", "ghe.example.com"),
        ] {
            assert_eq!(parsed(url), Some((host.to_owned(), "o/r".to_owned())), "{url}");
        }
        for url in [
            "",
            "o/r",
            "/srv/git/o/r.git",
            "../o/r",
            "file:///o/r",
            "C:/o/r",
            "C:\\o\\r",
            "https://github.com/o",
            "https://github.com/a/b/c",
            "https:///o/r",
            "git@:o/r",
            "ext::sh -c x% o/r",
            "https://github.com/o/r?x",
            "https://github.com/o/r.git.git",
            "./a:o/r",
        ] {
            assert_eq!(parsed(url), None, "{url}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_kept() {
        let remote = Remote::parse("https://x-access-token:ghp_secret@github.com/o/r").unwrap();
        assert!(!format!("{remote:?}").contains("secret"));
    }

    #[test]
    fn git_configuration_is_read_as_git_reads_it() {
        for (config, url) in [
            ("[remote \"origin\"]\n\turl = git@h:o/r.git\n", Some("git@h:o/r.git")),
            ("[Remote \"origin\"] URL = a:o/r # mine\n", Some("a:o/r")),
            ("[remote \"origin\"]\n url = \"a:o/#r\" ; mine\n", Some("a:o/#r")),
            ("[remote \"origin\"]\n url = a:o/\\\nr\n", Some("a:o/r")),
            ("[remote \"origin\"]\n url = first\n url = second\n", Some("first")),
            ("[remote \"upstream\"]\n url = a\n[remote \"origin\"]\n fetch = +refs/*:refs/*\n url = b\n", Some("b")),
            ("[remote \"Origin\"]\n url = a\n", None),
            ("[remote]\n url = a\n[branch \"main\"]\n remote = origin\n", None),
            ("# [remote \"origin\"]\n url = a\n", None),
            ("", None),
        ] {
            assert_eq!(origin_url(config).as_deref(), url, "{config}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_checkout_leads_out() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let repo = dir.path().join("repo");
        fs::create_dir_all(repo.join(".git")).unwrap();
        fs::create_dir_all(repo.join("sub")).unwrap();
        fs::write(dir.path().join("secret"), "").unwrap();
        fs::write(repo.join("real.toml"), "").unwrap();
        symlink("../secret", repo.join("out.toml")).unwrap();
        symlink("../real.toml", repo.join("sub/in.toml")).unwrap();
        symlink("..", repo.join("folder")).unwrap();
        for (start, path, out) in [
            ("repo", "out.toml", true),
            ("repo/sub", "../out.toml", true),
            ("repo", "folder/secret", true),
            ("repo", "real.toml", false),
            ("repo", "sub/in.toml", false),
            ("repo", "../secret", false),
            ("repo", "missing.toml", false),
        ] {
            assert_eq!(leads_out(&dir.path().join(start), Path::new(path)), out, "{start} {path}");
        }
        assert!(leads_out(&repo, &fs::canonicalize(&repo).unwrap().join("out.toml")));
        assert!(!leads_out(&repo, &dir.path().join("secret")), "named as what it is");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_in_place_of_a_file_of_git_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        for folder in ["config/.git/refs/remotes/origin", "common", "tree", "git", "loop"] {
            fs::create_dir_all(path(folder)).unwrap();
        }
        fs::write(path("tree/.git"), "gitdir: ../common\n").unwrap();
        for pipe in ["config/.git/config", "config/.git/refs/remotes/origin/HEAD", "common/commondir", "common/config", "git/.git"] {
            assert!(std::process::Command::new("mkfifo").arg(path(pipe)).status().unwrap().success());
        }
        std::os::unix::fs::symlink(".git", path("loop/.git")).unwrap();
        for start in ["config", "tree", "git", "loop"] {
            assert_eq!((origin(&path(start)), default_branch(&path(start))), (None, None), "{start}");
        }
    }

    #[test]
    fn origin_is_found_from_a_clone_a_worktree_and_a_submodule() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let config = |name: &str| format!("[remote \"origin\"]\n\turl = git@github.com:o/{name}.git\n");
        for folder in ["clone/src", "clone/.git/worktrees/tree", "clone/.git/modules/sub", "clone/sub", "tree", "broken"] {
            fs::create_dir_all(path(folder)).unwrap();
        }
        fs::write(path("clone/.git/config"), config("clone")).unwrap();
        fs::write(path("clone/.git/worktrees/tree/commondir"), "../..\n").unwrap();
        fs::write(path("tree/.git"), format!("gitdir: {}\n", path("clone/.git/worktrees/tree").display())).unwrap();
        fs::write(path("clone/.git/modules/sub/config"), config("sub")).unwrap();
        fs::write(path("clone/sub/.git"), "gitdir: ../.git/modules/sub\n").unwrap();
        fs::write(path("broken/.git"), "gitdir: /nowhere\n").unwrap();
        let found = |folder: &str| origin(&path(folder)).map(|remote| remote.repository.to_string());
        assert_eq!(found("clone/src").as_deref(), Some("o/clone"));
        assert_eq!(found("tree").as_deref(), Some("o/clone"));
        assert_eq!(found("clone/sub").as_deref(), Some("o/sub"));
        assert_eq!(found("broken"), None);
        assert_eq!(default_branch(&path("clone")), None);
        fs::create_dir_all(path("clone/.git/refs/remotes/origin")).unwrap();
        fs::write(path("clone/.git/refs/remotes/origin/HEAD"), "ref: refs/remotes/origin/trunk\n").unwrap();
        assert_eq!(default_branch(&path("clone")).as_deref(), Some("trunk"));
        assert_eq!(found("missing"), None);
    }
}
