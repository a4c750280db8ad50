//! Commits, comparisons, trees and blobs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Shapes, date, encoded_path, node};
use crate::sandbox::state::{Commit, Repo, derived_sha};
use crate::sandbox::wire::fnv;

/// The SHA of a file's content.
pub(in crate::sandbox::github) fn blob_sha(text: &str) -> String {
    derived_sha(&format!("blob {text}"))
}

/// The SHA of the tree of a folder; the empty name is the root.
pub(in crate::sandbox::github) fn tree_sha(repo: &Repo, folder: &str) -> String {
    let below = repo.files.iter().filter(|(path, _)| folder.is_empty() || path.starts_with(&format!("{folder}/")));
    let all: String = below.map(|(path, text)| format!("{path} {}\n", blob_sha(text))).collect();
    derived_sha(&format!("tree {all}"))
}

/// Base64 in lines of 60 letters.
pub(in crate::sandbox::github) fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    for (place, letter) in STANDARD.encode(text).chars().enumerate() {
        lines.push(letter);
        if place % 60 == 59 {
            lines.push('\n');
        }
    }
    lines
}

impl Shapes<'_> {
    /// `commit`.
    pub(in crate::sandbox::github) fn commit(self, repo: &Repo, commit: &Commit) -> Value {
        let (url, web) = (format!("{}/repos/{}", self.api, repo.name), format!("{}/{}", self.web, repo.name));
        let (sha, tree) = (&commit.sha, tree_sha(repo, ""));
        let parent = |sha: &String| json!({"sha": sha, "url": format!("{url}/commits/{sha}"), "html_url": format!("{web}/commit/{sha}")});
        let login = commit.author.as_deref().unwrap_or("unknown");
        let person = json!({"name": login, "email": format!("{login}@users.noreply.github.invalid"), "date": date(commit.created_at)});
        let account = commit.author.as_deref().map(|login| self.login(login));
        json!({
            "sha": sha, "node_id": node("C", fnv(sha.as_bytes())), "url": format!("{url}/commits/{sha}"), "html_url": format!("{web}/commit/{sha}"),
            "comments_url": format!("{url}/commits/{sha}/comments"), "author": account, "committer": account,
            "parents": commit.parents.iter().map(parent).collect::<Vec<_>>(),
            "commit": {
                "url": format!("{url}/git/commits/{sha}"), "author": person, "committer": person, "message": commit.message,
                "tree": {"sha": tree, "url": format!("{url}/git/trees/{tree}")}, "comment_count": 0,
                "verification": {"verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null},
            },
        })
    }

    /// An entry of a folder, and the head of a file.
    pub(in crate::sandbox::github) fn content(self, repo: &Repo, path: &str, kind: &str, text: &str) -> Value {
        let (api, place) = (format!("{}/repos/{}", self.api, repo.name), encoded_path(path));
        let (sha, git) = if kind == "dir" { (tree_sha(repo, path), "trees") } else { (blob_sha(text), "blobs") };
        let (page, branch) = (if kind == "dir" { "tree" } else { "blob" }, encoded_path(&repo.default_branch));
        let url = format!("{api}/contents/{place}?ref={branch}");
        let (git, web) = (format!("{api}/git/{git}/{sha}"), format!("{}/{}/{page}/{branch}/{place}", self.web, repo.name));
        let raw = (kind != "dir").then(|| format!("{}/{}/raw/{branch}/{place}", self.web, repo.name));
        json!({
            "type": kind, "name": path.rsplit('/').next().unwrap_or(path), "path": path, "sha": sha, "size": text.len(), "url": url,
            "html_url": web, "git_url": git, "download_url": raw, "_links": {"self": url, "git": git, "html": web},
        })
    }
}
