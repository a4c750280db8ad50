//! Variables of an environment (fact G1.4): names fold to upper case.

use serde_json::{Map, Value, json};

use super::access::Need;
use super::page::{Paging, counted};
use super::{Call, Handled, invalid, not_emulated, not_found, object, shapes, text};
use crate::sandbox::state::{Repo, Variable};
use crate::sandbox::wire::Response;

/// Variables of one environment (fact G1.4).
const MAX_VARIABLES: usize = 100;
/// Bytes of one value (fact G1.4).
const MAX_VALUE: usize = 48 << 10;

pub(super) fn route(call: &mut Call<'_>, repo: &mut Repo, name: &str, rest: &[&str]) -> Handled {
    let need = if call.request.reads() { Need::ENVIRONMENTS_READ } else { Need::ENVIRONMENTS_WRITE };
    call.need(repo, need)?;
    let variables = &mut repo.environment_mut(name).ok_or_else(not_found)?.variables;
    let key = rest.first().map(|key| key.to_uppercase()).unwrap_or_default();
    match (call.request.method.as_str(), rest) {
        ("GET", []) => {
            let all = variables.iter().map(|(name, variable)| shapes::variable(name, variable)).collect();
            Ok(counted(call, "variables", all, Paging::VARIABLES))
        }
        ("POST", []) => {
            let body = object(call.request)?;
            let name = valid_name(&text(&body, "name")?)?;
            let value = valid_value(&body)?;
            if variables.contains_key(&name) {
                return Err(conflict());
            }
            if variables.len() >= MAX_VARIABLES {
                return Err(invalid(""));
            }
            let now = call.now.tick();
            variables.insert(name, Variable { value, created_at: now, updated_at: now });
            Ok(Response::json(201, &json!({})))
        }
        ("GET", [_]) => {
            let variable = variables.get(&key).ok_or_else(not_found)?;
            Ok(Response::json(200, &shapes::variable(&key, variable)))
        }
        ("PATCH", [_]) => {
            let body = object(call.request)?;
            let mut variable = variables.get(&key).ok_or_else(not_found)?.clone();
            if body.contains_key("value") {
                variable.value = valid_value(&body)?;
            }
            let name = if body.contains_key("name") { valid_name(&text(&body, "name")?)? } else { key.clone() };
            if name != key && variables.contains_key(&name) {
                return Err(conflict());
            }
            variable.updated_at = call.now.tick();
            variables.remove(&key);
            variables.insert(name, variable);
            Ok(Response::empty(204))
        }
        ("DELETE", [_]) => {
            variables.remove(&key).ok_or_else(not_found)?;
            call.now.tick();
            Ok(Response::empty(204))
        }
        _ => Err(not_emulated(call.request)),
    }
}

/// GitHub's own words for this 409 are not known.
fn conflict() -> Response {
    Response::github_error(409, "Conflict")
}

fn valid_value(body: &Map<String, Value>) -> Result<String, Response> {
    let value = text(body, "value")?;
    if value.len() > MAX_VALUE { Err(invalid("")) } else { Ok(value) }
}

/// Letters, digits and `_`, no digit first, no `GITHUB_` (fact G1.4).
fn valid_name(name: &str) -> Result<String, Response> {
    let name = name.to_uppercase();
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit());
    if name.is_empty() || !plain || name.starts_with("GITHUB_") { Err(invalid("")) } else { Ok(name) }
}
