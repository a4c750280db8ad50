//! Deployment branch and tag policies (fact G1.2): out of sight unless the environment is in selected mode.

use serde_json::{Value, json};

use super::access::Need;
use super::page::{Paging, counted};
use super::{Call, Handled, invalid, not_emulated, not_found, object, text};
use crate::sandbox::state::{BranchPattern, Environment, PolicyMode, RefType, Repo};
use crate::sandbox::switches::{DuplicateLocation, DuplicatePolicy};
use crate::sandbox::wire::{GENERAL, Response};

/// A pattern longer than any ref is not a pattern.
const MAX_PATTERN: usize = 255;

pub(super) fn route(call: &mut Call<'_>, repo: &mut Repo, name: &str, rest: &[&str]) -> Handled {
    let need = if call.request.reads() { Need::ACTIONS } else { Need::ADMINISTRATION };
    call.need(repo, need)?;
    let environment = repo.environment_mut(name).ok_or_else(not_found)?;
    if environment.policy != Some(PolicyMode::Custom) {
        return Err(not_found());
    }
    let shapes = call.shapes;
    match (call.request.method.as_str(), rest) {
        ("GET", []) => {
            Ok(counted(call, "branch_policies", environment.patterns.iter().collect(), Paging::PLAIN, |it| shapes.branch_policy(it)))
        }
        ("POST", []) => create(call, environment),
        ("GET", [id]) => Ok(Response::json(200, &shapes.branch_policy(find(environment, id)?))),
        ("PUT", [id]) => rename(call, environment, id),
        ("DELETE", [id]) => {
            let gone = find(environment, id)?.id;
            environment.patterns.retain(|pattern| pattern.id != gone);
            call.now.tick();
            Ok(Response::empty(204))
        }
        _ => Err(not_emulated(call.request)),
    }
}

fn find<'a>(environment: &'a mut Environment, id: &str) -> Result<&'a mut BranchPattern, Response> {
    environment.patterns.iter_mut().find(|pattern| pattern.id.to_string() == id).ok_or_else(not_found)
}

fn create(call: &mut Call<'_>, environment: &mut Environment) -> Handled {
    let body = object(call.request)?;
    let name = pattern_name(text(&body, "name")?)?;
    let kind = match body.get("type").map(Value::as_str) {
        None | Some(Some("branch")) => RefType::Branch,
        Some(Some("tag")) => RefType::Tag,
        Some(_) => return Err(invalid("")),
    };
    if let Some(twin) = environment.patterns.iter().find(|pattern| clashes(call, pattern, &name, kind)) {
        let response = Response::empty(303);
        return Err(match call.switches.duplicate_location {
            DuplicateLocation::Absent => response,
            DuplicateLocation::Present => response.with("location", format!("{}{}/{}", call.request.base, call.request.path, twin.id)),
        });
    }
    call.now.tick();
    let pattern = BranchPattern { id: call.ids.fresh(), name, kind };
    let answer = call.shapes.branch_policy(&pattern);
    environment.patterns.push(pattern);
    Ok(Response::json(200, &answer))
}

/// Only the name can change: the type is fixed (fact G1.2).
fn rename(call: &mut Call<'_>, environment: &mut Environment, id: &str) -> Handled {
    let body = object(call.request)?;
    let name = pattern_name(text(&body, "name")?)?;
    let (own, kind) = find(environment, id).map(|pattern| (pattern.id, pattern.kind))?;
    if environment.patterns.iter().any(|pattern| pattern.id != own && clashes(call, pattern, &name, kind)) {
        return Err(Response::empty(303));
    }
    call.now.tick();
    let pattern = find(environment, id)?;
    pattern.name = name;
    Ok(Response::json(200, &call.shapes.branch_policy(pattern)))
}

fn pattern_name(name: String) -> Result<String, Response> {
    if name.is_empty() || name.chars().count() > MAX_PATTERN {
        return Err(validation("DeploymentBranchPolicy", "name", "invalid"));
    }
    Ok(name)
}

/// GitHub's one error body with an `errors` array.
fn validation(resource: &str, field: &str, code: &str) -> Response {
    let errors = json!([{"resource": resource, "field": field, "code": code}]);
    Response::json(422, &json!({"message": "Validation Failed", "errors": errors, "documentation_url": GENERAL, "status": "422"}))
}

fn clashes(call: &Call<'_>, pattern: &BranchPattern, name: &str, kind: RefType) -> bool {
    pattern.name == name && (pattern.kind == kind || call.switches.duplicate_policy == DuplicatePolicy::Name)
}
