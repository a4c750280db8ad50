//! An organization's repositories and their custom properties.

use serde_json::{Value, json};

use super::page::{Paging, array};
use super::{Call, Handled, invalid, not_found, object};
use crate::sandbox::state::{AccountKind, PropertyValue, Repo, Visibility};
use crate::sandbox::wire::Response;

/// Repositories that one request may give properties to.
const MOST_AT_ONCE: usize = 30;

/// Those of the repositories that the caller can see: newest first, or by name.
pub(super) fn repositories(call: &Call<'_>, org: &str, repos: &[Repo]) -> Handled {
    exists(call, org)?;
    let kind = call.request.param("type").unwrap_or_else(|| "all".to_owned());
    let wanted = |repo: &&Repo| match kind.as_str() {
        "public" => repo.visibility == Visibility::Public,
        "private" => repo.visibility != Visibility::Public,
        "forks" => false,
        _ => true,
    };
    let mut all: Vec<&Repo> = of(org, repos).filter(wanted).filter(|repo| call.see(repo).is_ok()).collect();
    let by_name = call.request.param("sort").as_deref() == Some("full_name");
    if by_name {
        all.sort_by_cached_key(|repo| repo.name.to_string().to_lowercase());
    } else {
        all.sort_by_key(|repo| repo.id);
    }
    let ascending = call.request.param("direction").map_or(by_name, |direction| direction == "asc");
    if !ascending {
        all.reverse();
    }
    Ok(array(call, all, Paging::LINKED, |repo| call.shapes.repository(repo, call.role(repo))))
}

fn exists(call: &Call<'_>, org: &str) -> Result<(), Response> {
    let account = call.people.account(org).filter(|account| account.kind == AccountKind::Organization);
    account.map(|_| ()).ok_or_else(not_found)
}

fn of<'a>(org: &str, repos: &'a [Repo]) -> impl Iterator<Item = &'a Repo> {
    repos.iter().filter(move |repo| repo.name.owner().eq_ignore_ascii_case(org))
}

/// The properties of each repository; `repository_query=props.NAME:VALUE` narrows them.
pub(super) fn properties(call: &Call<'_>, org: &str, repos: &[Repo]) -> Handled {
    exists(call, org)?;
    let query = call.request.param("repository_query").unwrap_or_default();
    let terms: Vec<(&str, &str)> = query.split_whitespace().filter_map(|term| term.strip_prefix("props.")?.split_once(':')).collect();
    let has = |repo: &Repo, name: &str, value: &str| match repo.properties.get(name) {
        Some(PropertyValue::One(text)) => text == value,
        Some(PropertyValue::Many(texts)) => texts.iter().any(|text| text == value),
        None => false,
    };
    let wanted = |repo: &&Repo| terms.iter().all(|(name, value)| has(repo, name, value));
    let all = of(org, repos).filter(wanted).filter(|repo| call.see(repo).is_ok()).collect();
    let shape = |repo: &Repo| {
        json!({
            "repository_id": repo.id, "repository_name": repo.name.name(), "repository_full_name": repo.name.to_string(),
            "properties": call.shapes.properties(repo),
        })
    };
    Ok(array(call, all, Paging::LINKED, shape))
}

/// Gives properties to repositories; null takes one away.
pub(super) fn set_properties(call: &mut Call<'_>, org: &str, repos: &mut [Repo]) -> Handled {
    exists(call, org)?;
    call.need_organization(org, "organization_custom_properties")?;
    let body = object(call.request)?;
    let names = body.get("repository_names").and_then(Value::as_array).filter(|names| !names.is_empty() && names.len() <= MOST_AT_ONCE);
    let names: Vec<&str> = names.ok_or_else(|| invalid(""))?.iter().filter_map(Value::as_str).collect();
    let given = body.get("properties").and_then(Value::as_array).ok_or_else(|| invalid(""))?;
    if names.iter().any(|name| !repos.iter().any(|repo| repo.is(org, name))) {
        return Err(not_found());
    }
    call.now.tick();
    for repo in repos.iter_mut().filter(|repo| names.iter().any(|name| repo.is(org, name))) {
        set(repo, given)?;
    }
    Ok(Response::empty(204))
}

fn set(repo: &mut Repo, given: &[Value]) -> Result<(), Response> {
    for property in given {
        let name = property.get("property_name").and_then(Value::as_str).ok_or_else(|| invalid(""))?;
        let value = match property.get("value") {
            Some(Value::String(text)) => PropertyValue::One(text.clone()),
            Some(Value::Array(texts)) => PropertyValue::Many(texts.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
            Some(Value::Null) => {
                repo.properties.remove(name);
                continue;
            }
            _ => return Err(invalid("")),
        };
        repo.properties.insert(name.to_owned(), value);
    }
    Ok(())
}
