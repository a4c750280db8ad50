//! Pull requests and their reviews, as they are read for evidence.

use super::access::Need;
use super::page::{Paging, array};
use super::{Call, Handled, not_emulated, not_found};
use crate::sandbox::state::Repo;
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
