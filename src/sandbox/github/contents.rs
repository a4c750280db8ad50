//! Files of the default branch: contents and the tree, for workflow files.
//!
//! Built from GitHub's public documentation; not part of the API description that the other answers are held against.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::access::Need;
use super::repository::sha;
use super::{Call, Handled, not_found, shapes};
use crate::sandbox::state::Repo;
use crate::sandbox::wire::Response;

pub(super) fn get(call: &Call<'_>, repo: &Repo, path: &str) -> Handled {
    call.need(repo, Need::CONTENTS)?;
    if let Some(text) = repo.files.get(path) {
        return Ok(file(call, repo, path, text));
    }
    let below = if path.is_empty() { String::new() } else { format!("{path}/") };
    let mut entries = BTreeMap::new();
    for (name, text) in repo.files.iter().filter_map(|(file, text)| Some((file.strip_prefix(&below)?, text))) {
        match name.split_once('/') {
            None => entries.insert(name, entry(repo, &format!("{below}{name}"), "file", text.len())),
            Some((folder, _)) => entries.insert(folder, entry(repo, &format!("{below}{folder}"), "dir", 0)),
        };
    }
    if entries.is_empty() {
        return Err(not_found());
    }
    Ok(Response::json(200, &Value::Array(entries.into_values().collect())))
}

fn file(call: &Call<'_>, repo: &Repo, path: &str, text: &str) -> Response {
    if call.request.header("accept").is_some_and(|accept| accept.contains(".raw")) {
        let raw = Response { status: 200, headers: Vec::new(), body: text.as_bytes().to_vec() };
        return raw.with("content-type", "application/vnd.github.raw+json; charset=utf-8");
    }
    let mut shape = entry(repo, path, "file", text.len());
    if let Value::Object(shape) = &mut shape {
        shape.insert("encoding".to_owned(), "base64".into());
        shape.insert("content".to_owned(), wrapped(&shapes::base64(text.as_bytes())).into());
    }
    Response::json(200, &shape)
}

/// Lines of 60 letters, as GitHub sends them.
fn wrapped(base64: &str) -> String {
    let mut lines = String::new();
    for (place, letter) in base64.chars().enumerate() {
        lines.push(letter);
        if place % 60 == 59 {
            lines.push('\n');
        }
    }
    lines
}

fn entry(repo: &Repo, path: &str, kind: &str, size: usize) -> Value {
    let url = format!("https://api.github.com/repos/{}/contents/{path}?ref={}", repo.name, repo.default_branch);
    let web = format!("https://github.com/{}/blob/{}/{path}", repo.name, repo.default_branch);
    json!({
        "type": kind, "name": path.rsplit('/').next().unwrap_or(path), "path": path, "sha": sha(path), "size": size, "url": url,
        "html_url": web, "git_url": null, "download_url": null, "_links": {"self": url, "git": null, "html": web},
    })
}

pub(super) fn tree(call: &Call<'_>, repo: &Repo) -> Handled {
    call.need(repo, Need::CONTENTS)?;
    let recursive = call.request.param("recursive").is_some();
    let mut entries = BTreeMap::new();
    for (path, text) in &repo.files {
        for (end, _) in path.match_indices('/') {
            let folder = path.get(..end).unwrap_or_default();
            entries.insert(folder, json!({"path": folder, "mode": "040000", "type": "tree", "sha": sha(folder)}));
        }
        entries.insert(path, json!({"path": path, "mode": "100644", "type": "blob", "sha": sha(path), "size": text.len()}));
    }
    let all: Vec<Value> = entries.into_iter().filter(|(path, _)| recursive || !path.contains('/')).map(|(_, entry)| entry).collect();
    Ok(Response::json(200, &json!({"sha": sha(&repo.default_branch), "tree": all, "truncated": false})))
}
