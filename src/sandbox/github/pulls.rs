//! Pull requests and their reviews, as they are read for evidence.

use serde_json::{Value, json};

use super::access::Need;
use super::page::{Paging, array};
use super::shapes::{date, node};
use super::{Call, Handled, not_emulated, not_found};
use crate::sandbox::state::{Merged, Pull, Repo};
use crate::sandbox::wire::Response;

pub(super) fn route(call: &Call<'_>, repo: &Repo, rest: &[&str]) -> Handled {
    call.need(repo, Need::PULLS)?;
    let shapes = call.shapes;
    let [number, rest @ ..] = rest else {
        let open = call.request.param("state").unwrap_or_else(|| "open".to_owned());
        let wanted = repo.pulls.iter().rev().filter(|pull| match open.as_str() {
            "all" => true,
            "closed" => pull.merged.is_some(),
            _ => pull.merged.is_none(),
        });
        return Ok(array(call, wanted.collect(), Paging::LINKED, |pull| shapes.pull_simple(repo, pull)));
    };
    let pull = repo.pulls.iter().find(|pull| pull.number.to_string() == *number).ok_or_else(not_found)?;
    match rest {
        [] => Ok(Response::json(200, &shapes.pull(repo, pull))),
        ["commits"] => {
            let commits = pull.commits.iter().filter_map(|sha| repo.commits.get(sha)).collect();
            Ok(array(call, commits, Paging::LINKED, |commit| shapes.commit(repo, commit)))
        }
        ["reviews"] => Ok(array(call, pull.reviews.iter().collect(), Paging::LINKED, |review| shapes.review(repo, pull, review))),
        _ => Err(not_emulated(call.request)),
    }
}

/// The history of a repository's branches, the newest first; here only what pull requests brought. It is paged by cursor (fact G1.8).
pub(super) fn activity(call: &Call<'_>, repo: &Repo) -> Handled {
    call.need(repo, Need::CONTENTS)?;
    let merges = repo.pulls.iter().rev().filter_map(|pull| Some((pull, pull.merged.as_ref()?)));
    let wanted = |name: &str, value: &str| call.request.param(name).is_none_or(|wanted| wanted == value);
    let asked = |(pull, merged): &(&Pull, &Merged)| {
        wanted("activity_type", "pr_merge") && wanted("actor", &merged.by) && wanted("ref", &format!("refs/heads/{}", pull.base))
    };
    let merges: Vec<(&Pull, &Merged)> = merges.filter(asked).collect();
    let number = |name: &str| call.request.param(name).and_then(|value| value.trim_start_matches('c').parse::<usize>().ok());
    let (size, from) = (number("per_page").unwrap_or(30).clamp(1, 100), number("after").unwrap_or(0));
    let shape = |(pull, merged): &(&Pull, &Merged)| -> Value {
        let before = repo.commits.get(&merged.sha).and_then(|commit| commit.parents.first().cloned()).unwrap_or_else(|| "0".repeat(40));
        json!({
            "id": pull.id, "node_id": node("PSH", pull.id), "before": before, "after": merged.sha, "ref": format!("refs/heads/{}", pull.base),
            "timestamp": date(merged.at), "activity_type": "pr_merge", "actor": call.shapes.login(&merged.by),
        })
    };
    let response = Response::json(200, &merges.iter().skip(from).take(size).map(shape).collect());
    let next = from + size;
    if next >= merges.len() {
        return Ok(response);
    }
    let kept = call.request.query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("after="));
    let query: String = kept.map(|pair| format!("{pair}&")).collect();
    Ok(response.with("link", format!("<{}{}?{query}after=c{next}>; rel=\"next\"", call.request.base, call.request.path)))
}
