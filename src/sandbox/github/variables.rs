//! Actions variables of an environment, a repository or an organization (fact G1.4): names fold to upper case.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::access::Need;
use super::page::{Paging, counted};
use super::shapes::Shapes;
use super::{Call, Handled, invalid, not_emulated, not_found, object, text};
use crate::sandbox::state::{Now, Organization, OrganizationVariable, Readers, Repo, Variable};
use crate::sandbox::wire::Response;

/// Variables of one environment (fact G1.4).
const OF_ENVIRONMENT: usize = 100;
const OF_REPOSITORY: usize = 500;
const OF_ORGANIZATION: usize = 1000;
/// Bytes of one value (fact G1.4).
const MAX_VALUE: usize = 48 << 10;

/// What is held under a variable's name.
trait Held: Clone {
    /// A new one, as a body says.
    fn create(body: &Map<String, Value>, now: &mut Now) -> Result<Self, Response>;
    /// This one, changed as a body says.
    fn change(&mut self, body: &Map<String, Value>, now: &mut Now) -> Result<(), Response>;
    fn shape(&self, shapes: Shapes<'_>, name: &str) -> Value;
}

impl Held for Variable {
    fn create(body: &Map<String, Value>, now: &mut Now) -> Result<Self, Response> {
        let value = valid_value(body)?;
        let now = now.tick();
        Ok(Self { value, created_at: now, updated_at: now })
    }

    fn change(&mut self, body: &Map<String, Value>, now: &mut Now) -> Result<(), Response> {
        if body.contains_key("value") {
            self.value = valid_value(body)?;
        }
        self.updated_at = now.tick();
        Ok(())
    }

    fn shape(&self, shapes: Shapes<'_>, name: &str) -> Value {
        shapes.variable(name, self)
    }
}

impl Held for OrganizationVariable {
    fn create(body: &Map<String, Value>, now: &mut Now) -> Result<Self, Response> {
        text(body, "visibility")?;
        let readers = readers(body)?;
        Ok(Self { variable: Variable::create(body, now)?, readers })
    }

    fn change(&mut self, body: &Map<String, Value>, now: &mut Now) -> Result<(), Response> {
        if body.contains_key("visibility") {
            self.readers = readers(body)?;
        }
        self.variable.change(body, now)
    }

    fn shape(&self, shapes: Shapes<'_>, name: &str) -> Value {
        shapes.organization_variable(name, self)
    }
}

pub(super) fn of_environment(call: &mut Call<'_>, repo: &mut Repo, name: &str, rest: &[&str]) -> Handled {
    let need = if call.request.reads() { Need::ENVIRONMENTS_READ } else { Need::ENVIRONMENTS_WRITE };
    call.need(repo, need)?;
    serve(call, &mut repo.environment_mut(name).ok_or_else(not_found)?.variables, OF_ENVIRONMENT, rest)
}

pub(super) fn of_repository(call: &mut Call<'_>, repo: &mut Repo, rest: &[&str]) -> Handled {
    call.need(repo, if call.request.reads() { Need::VARIABLES_READ } else { Need::VARIABLES_WRITE })?;
    serve(call, &mut repo.variables, OF_REPOSITORY, rest)
}

pub(super) fn of_organization(call: &mut Call<'_>, name: &str, organization: &mut Organization, rest: &[&str]) -> Handled {
    call.need_organization(name, "organization_actions_variables")?;
    serve(call, &mut organization.variables, OF_ORGANIZATION, rest)
}

/// The variables of its organization that a repository can read.
pub(super) fn inherited(call: &Call<'_>, repo: &Repo, organization: Option<&Organization>) -> Handled {
    call.need(repo, Need::VARIABLES_READ)?;
    let held = organization.into_iter().flat_map(|organization| &organization.variables);
    let all = held.filter(|(_, held)| held.readers.include(repo)).collect();
    Ok(counted(call, "variables", all, Paging::VARIABLES, |(name, held)| call.shapes.variable(name, &held.variable)))
}

fn serve<V: Held>(call: &mut Call<'_>, variables: &mut BTreeMap<String, V>, most: usize, rest: &[&str]) -> Handled {
    let key = rest.first().map(|key| key.to_uppercase()).unwrap_or_default();
    let shapes = call.shapes;
    match (call.request.method.as_str(), rest) {
        ("GET", []) => {
            Ok(counted(call, "variables", variables.iter().collect(), Paging::VARIABLES, |(name, held)| held.shape(shapes, name)))
        }
        ("POST", []) => {
            let body = object(call.request)?;
            let name = valid_name(&text(&body, "name")?)?;
            text(&body, "value")?;
            if variables.contains_key(&name) {
                return Err(conflict());
            }
            if variables.len() >= most {
                return Err(invalid(""));
            }
            variables.insert(name, V::create(&body, call.now)?);
            Ok(Response::json(201, &json!({})))
        }
        ("GET", [_]) => {
            let held = variables.get(&key).ok_or_else(not_found)?;
            Ok(Response::json(200, &held.shape(shapes, &key)))
        }
        ("PATCH", [_]) => {
            let body = object(call.request)?;
            let mut held = variables.get(&key).ok_or_else(not_found)?.clone();
            let name = if body.contains_key("name") { valid_name(&text(&body, "name")?)? } else { key.clone() };
            if name != key && variables.contains_key(&name) {
                return Err(conflict());
            }
            held.change(&body, call.now)?;
            variables.remove(&key);
            variables.insert(name, held);
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

fn conflict() -> Response {
    Response::github_error(409, "Already exists - Variable already exists")
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

fn readers(body: &Map<String, Value>) -> Result<Readers, Response> {
    match body.get("visibility").and_then(Value::as_str) {
        Some("all") => Ok(Readers::All),
        Some("private") => Ok(Readers::Private),
        Some("selected") => {
            let ids = body.get("selected_repository_ids").and_then(Value::as_array).into_iter().flatten();
            Ok(Readers::Selected(ids.filter_map(Value::as_u64).collect()))
        }
        _ => Err(invalid("")),
    }
}
