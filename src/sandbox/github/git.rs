//! Commits, comparisons, references, trees and blobs.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::access::Need;
use super::page::{Paging, array, cut};
use super::shapes::{blob_sha, node, tree_sha, wrapped};
use super::{Call, Handled, not_emulated, not_found};
use crate::sandbox::state::{Commit, Repo};
use crate::sandbox::wire::{Response, fnv};

/// Commits of a comparison that is not paged (fact G1.8).
const COMPARED: usize = 250;

fn find<'a>(repo: &'a Repo, name: &str) -> Option<&'a Commit> {
    repo.commits.get(&repo.resolve(name)?)
}

pub(super) fn commits(call: &Call<'_>, repo: &Repo, rest: &[&str]) -> Handled {
    call.need(repo, Need::CONTENTS)?;
    match rest {
        [] => {
            let from = call.request.param("sha").unwrap_or_else(|| repo.default_branch.clone());
            let head = repo.resolve(&from).ok_or_else(not_found)?;
            Ok(array(call, repo.ancestry(&head), Paging::LINKED, |commit| call.shapes.commit(repo, commit)))
        }
        [sha, "pulls"] => {
            let sha = repo.resolve(sha).ok_or_else(|| no_commit(sha))?;
            let brought = repo
                .pulls
                .iter()
                .filter(|pull| pull.commits.contains(&sha) || pull.merged.as_ref().is_some_and(|merged| merged.sha == sha));
            Ok(array(call, brought.collect(), Paging::LINKED, |pull| call.shapes.pull_simple(repo, pull)))
        }
        [_, .., "status" | "statuses" | "check-runs" | "check-suites" | "comments"] => Err(not_emulated(call.request)),
        name => {
            let name = name.join("/");
            Ok(Response::json(200, &call.shapes.commit(repo, find(repo, &name).ok_or_else(|| no_commit(&name))?)))
        }
    }
}

fn no_commit(name: &str) -> Response {
    Response::github_error(422, &format!("No commit found for SHA: {name}"))
}

/// `BASE...HEAD`: commits of the head that the base lacks, oldest first.
pub(super) fn compare(call: &Call<'_>, repo: &Repo, basehead: &str) -> Handled {
    call.need(repo, Need::CONTENTS)?;
    let (from, to) = basehead.split_once("...").ok_or_else(not_found)?;
    let (base, head) = (find(repo, from).ok_or_else(not_found)?, find(repo, to).ok_or_else(not_found)?);
    let (below, above) = (repo.ancestry(&base.sha), repo.ancestry(&head.sha));
    let shas = |all: &[&Commit]| all.iter().map(|commit| commit.sha.clone()).collect::<BTreeSet<_>>();
    let (in_base, in_head) = (shas(&below), shas(&above));
    let meeting = above.iter().find(|commit| in_base.contains(&commit.sha));
    let meeting = meeting.ok_or_else(|| Response::github_error(404, &format!("No common ancestor between {from} and {to}.")))?;
    let mut ahead: Vec<&Commit> = above.iter().copied().filter(|commit| !in_base.contains(&commit.sha)).collect();
    ahead.reverse();
    let behind = below.iter().filter(|commit| !in_head.contains(&commit.sha)).count();
    let status = match (ahead.len(), behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    let total = ahead.len();
    let paged = ["page", "per_page"].iter().any(|name| call.request.param(name).is_some());
    // Without pages these are the newest ones (fact G1.8).
    let newest = |ahead: Vec<_>| ahead.split_at(ahead.len().saturating_sub(COMPARED)).1.to_vec();
    let (page, link) = if paged { cut(call, ahead, Paging::LINKED) } else { (newest(ahead), None) };
    let shapes = call.shapes;
    let (api, web) = (format!("{}/repos/{}/compare", shapes.api, repo.name), format!("{}/{}/compare", shapes.web, repo.name));
    let place = format!("{}...{}", base.sha, head.sha);
    let shape = json!({
        "url": format!("{api}/{place}"), "html_url": format!("{web}/{place}"), "permalink_url": format!("{web}/{place}"),
        "diff_url": format!("{web}/{place}.diff"), "patch_url": format!("{web}/{place}.patch"), "base_commit": shapes.commit(repo, base),
        "merge_base_commit": shapes.commit(repo, meeting), "status": status, "ahead_by": total, "behind_by": behind, "total_commits": total,
        "commits": page.into_iter().map(|commit| shapes.commit(repo, commit)).collect::<Vec<_>>(), "files": [],
    });
    let response = Response::json(200, &shape);
    Ok(match link {
        Some(link) => response.with("link", link),
        None => response,
    })
}

pub(super) fn route(call: &Call<'_>, repo: &Repo, rest: &[&str]) -> Handled {
    call.need(repo, Need::CONTENTS)?;
    match rest {
        ["ref", name @ ..] => reference(call, repo, &name.join("/")),
        ["trees", name @ ..] => tree(call, repo, &name.join("/")),
        ["blobs", sha] => blob(call, repo, sha),
        _ => Err(not_emulated(call.request)),
    }
}

fn reference(call: &Call<'_>, repo: &Repo, name: &str) -> Handled {
    let known = name.strip_prefix("heads/").map(|short| repo.branches.iter().any(|branch| branch.name == short));
    let known = known.or_else(|| name.strip_prefix("tags/").map(|short| repo.heads.contains_key(short)));
    let sha = repo.resolve(name).filter(|_| known == Some(true)).ok_or_else(not_found)?;
    let url = format!("{}/repos/{}/git", call.shapes.api, repo.name);
    let object = json!({"type": "commit", "sha": sha, "url": format!("{url}/commits/{sha}")});
    let id = node("REF", fnv(name.as_bytes()));
    Ok(Response::json(200, &json!({"ref": format!("refs/{name}"), "node_id": id, "url": format!("{url}/refs/{name}"), "object": object})))
}

/// Every folder, the root first, by the empty name.
fn folders(repo: &Repo) -> BTreeSet<&str> {
    let ends = repo.files.keys().flat_map(|path| path.match_indices('/').map(|(end, _)| path.get(..end).unwrap_or_default()));
    std::iter::once("").chain(ends).collect()
}

/// A tree by its own SHA, or by a commit, a branch or a tag.
fn tree(call: &Call<'_>, repo: &Repo, name: &str) -> Handled {
    let all = folders(repo);
    let by_sha = all.iter().find(|folder| tree_sha(repo, folder) == name).copied();
    let root = by_sha.or_else(|| repo.resolve(name).map(|_| "")).ok_or_else(not_found)?;
    let recursive = call.request.param("recursive").is_some();
    let below = if root.is_empty() { String::new() } else { format!("{root}/") };
    let url = format!("{}/repos/{}/git", call.shapes.api, repo.name);
    let mut entries = Map::new();
    for folder in all.into_iter().filter(|folder| !folder.is_empty()) {
        if let Some(path) = folder.strip_prefix(&below) {
            let sha = tree_sha(repo, folder);
            entries.insert(
                path.to_owned(),
                json!({"path": path, "mode": "040000", "type": "tree", "sha": sha, "url": format!("{url}/trees/{sha}")}),
            );
        }
    }
    for (file, text) in &repo.files {
        if let Some(path) = file.strip_prefix(&below) {
            let sha = blob_sha(text);
            let entry = json!({
                "path": path, "mode": "100644", "type": "blob", "sha": sha, "size": text.len(), "url": format!("{url}/blobs/{sha}"),
            });
            entries.insert(path.to_owned(), entry);
        }
    }
    let all: Vec<Value> = entries.into_iter().filter(|(path, _)| recursive || !path.contains('/')).map(|(_, entry)| entry).collect();
    let sha = tree_sha(repo, root);
    Ok(Response::json(200, &json!({"sha": sha, "url": format!("{url}/trees/{sha}"), "tree": all, "truncated": false})))
}

fn blob(call: &Call<'_>, repo: &Repo, sha: &str) -> Handled {
    let text = repo.files.values().find(|text| blob_sha(text) == sha).ok_or_else(not_found)?;
    if call.wants("raw") {
        let raw = Response { status: 200, headers: Vec::new(), body: text.as_bytes().to_vec() };
        return Ok(raw.with("content-type", "application/vnd.github.raw+json; charset=utf-8"));
    }
    let url = format!("{}/repos/{}/git/blobs/{sha}", call.shapes.api, repo.name);
    let id = node("B", fnv(sha.as_bytes()));
    let shape = json!({"sha": sha, "node_id": id, "size": text.len(), "url": url, "content": wrapped(text), "encoding": "base64"});
    Ok(Response::json(200, &shape))
}
