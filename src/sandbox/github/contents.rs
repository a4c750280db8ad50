//! Files of the default branch, for workflow files (fact W1.2).

use std::collections::BTreeMap;

use serde_json::Value;

use super::access::Need;
use super::shapes::wrapped;
use super::{Call, Handled, not_found};
use crate::sandbox::state::Repo;
use crate::sandbox::wire::Response;

pub(super) fn get(call: &Call<'_>, repo: &Repo, path: &str) -> Handled {
    call.need(repo, Need::CONTENTS)?;
    if let Some(wanted) = call.request.param("ref")
        && repo.resolve(&wanted).is_none()
    {
        return Err(Response::github_error(404, &format!("No commit found for the ref {wanted}")));
    }
    if let Some(text) = repo.files.get(path) {
        return Ok(file(call, repo, path, text));
    }
    let below = if path.is_empty() { String::new() } else { format!("{path}/") };
    let mut entries = BTreeMap::new();
    for (name, text) in repo.files.iter().filter_map(|(file, text)| Some((file.strip_prefix(&below)?, text))) {
        match name.split_once('/') {
            None => entries.insert(name, call.shapes.content(repo, &format!("{below}{name}"), "file", text)),
            Some((folder, _)) => entries.insert(folder, call.shapes.content(repo, &format!("{below}{folder}"), "dir", "")),
        };
    }
    // The root of a repository that has commits can be listed, even if there is nothing in it.
    if entries.is_empty() && !path.is_empty() {
        return Err(not_found());
    }
    Ok(Response::json(200, &Value::Array(entries.into_values().collect())))
}

fn file(call: &Call<'_>, repo: &Repo, path: &str, text: &str) -> Response {
    if call.wants("raw") {
        let raw = Response { status: 200, headers: Vec::new(), body: text.as_bytes().to_vec() };
        return raw.with("content-type", "application/vnd.github.raw+json; charset=utf-8");
    }
    let mut shape = call.shapes.content(repo, path, "file", text);
    if let Value::Object(shape) = &mut shape {
        shape.insert("encoding".to_owned(), "base64".into());
        shape.insert("content".to_owned(), wrapped(text).into());
    }
    Response::json(200, &shape)
}
