//! Custom (GitHub App) protection rules of an environment (fact G1.3).

use serde_json::{Value, json};

use super::access::Need;
use super::environments::PlanFeatures;
use super::page::{Paging, counted};
use super::{Call, Handled, invalid, not_emulated, not_found, object};
use crate::sandbox::state::{CustomRule, Repo};
use crate::sandbox::wire::Response;

/// Enabled rules of one environment (fact G1.3).
const MAX_RULES: usize = 6;

pub(super) fn route(call: &mut Call<'_>, repo: &mut Repo, name: &str, rest: &[&str]) -> Handled {
    let method = call.request.method.as_str();
    let need = if method == "GET" && rest != ["apps"] { Need::ACTIONS } else { Need::ADMINISTRATION };
    call.need(repo, need)?;
    let features = PlanFeatures::of(call, repo);
    let (people, shapes) = (call.people, call.shapes);
    let installed = repo.installed_apps.clone();
    let environment = repo.environment_mut(name).ok_or_else(not_found)?;
    let shape = |rule: &CustomRule| people.apps.iter().find(|app| app.id == rule.app).map(|app| shapes.custom_rule(rule, app));
    match (method, rest) {
        ("GET", []) => {
            let all: Vec<Value> = environment.custom_rules.iter().filter_map(shape).collect();
            Ok(Response::json(200, &json!({"total_count": all.len(), "custom_deployment_protection_rules": all})))
        }
        ("GET", ["apps"]) => {
            let apps = people.apps.iter().filter(|app| installed.contains(&app.id)).collect();
            let key = "available_custom_deployment_protection_rule_integrations";
            Ok(counted(call, key, apps, Paging::PLAIN, |app| shapes.rule_app(app)))
        }
        ("POST", []) => {
            let body = object(call.request)?;
            let app = body.get("integration_id").and_then(Value::as_u64).ok_or_else(|| invalid(""))?;
            let known = people.apps.iter().find(|known| known.id == app && installed.contains(&app)).ok_or_else(not_found)?;
            let enabled = environment.custom_rules.iter().filter(|rule| rule.enabled).count();
            // GitHub's answer to a plan without them, to a seventh rule and to a second rule of an App is not known.
            if features != PlanFeatures::All || enabled >= MAX_RULES || environment.custom_rules.iter().any(|rule| rule.app == app) {
                return Err(invalid(""));
            }
            call.now.tick();
            let rule = CustomRule { id: call.ids.fresh(), app, enabled: true };
            let answer = shapes.custom_rule(&rule, known);
            environment.custom_rules.push(rule);
            Ok(Response::json(201, &answer))
        }
        ("GET", [id]) => {
            let rule = environment.custom_rules.iter().find(|rule| rule.id.to_string() == *id);
            Ok(Response::json(200, &rule.and_then(shape).ok_or_else(not_found)?))
        }
        ("DELETE", [id]) => {
            let place = environment.custom_rules.iter().position(|rule| rule.id.to_string() == *id).ok_or_else(not_found)?;
            environment.custom_rules.remove(place);
            call.now.tick();
            Ok(Response::empty(204))
        }
        _ => Err(not_emulated(call.request)),
    }
}
