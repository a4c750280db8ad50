//! Secrets (fact G1.4): names and dates only; no value is ever kept.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::access::Need;
use super::page::{Paging, counted};
use super::{Call, Handled, not_emulated, not_found, object, text};
use crate::sandbox::state::{Environment, Repo, Secret};
use crate::sandbox::wire::{Response, fnv};

const BAD_ENCRYPTION: &str = "Bad request - validation failed due to an improperly encrypted secret";

pub(super) fn of_repository(call: &Call<'_>, repo: &Repo, secrets: &BTreeMap<String, Secret>) -> Handled {
    call.need(repo, Need::SECRETS)?;
    Ok(list(call, secrets))
}

pub(super) fn route(call: &mut Call<'_>, repo: &mut Repo, name: &str, rest: &[&str]) -> Handled {
    let need = if call.request.reads() { Need::ENVIRONMENTS_READ } else { Need::ENVIRONMENTS_WRITE };
    call.need(repo, need)?;
    let environment = repo.environment_mut(name).ok_or_else(not_found)?;
    let key = rest.first().map(|key| key.to_uppercase()).unwrap_or_default();
    match (call.request.method.as_str(), rest) {
        ("GET", []) => Ok(list(call, &environment.secrets)),
        ("GET", ["public-key"]) => Ok(Response::json(200, &json!({"key_id": key_id(environment), "key": key_text(environment)}))),
        ("GET", [_]) => {
            let secret = environment.secrets.get(&key).ok_or_else(not_found)?;
            Ok(Response::json(200, &call.shapes.secret(&key, secret)))
        }
        ("PUT", [_]) => {
            let body = object(call.request)?;
            let (sealed, id) = (text(&body, "encrypted_value")?, text(&body, "key_id")?);
            let base64 = !sealed.is_empty() && sealed.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
            // Each environment has its own key; the repository's key does not work (fact G1.4).
            if !base64 || id != key_id(environment) {
                return Err(Response::github_error(422, BAD_ENCRYPTION));
            }
            let now = call.now.tick();
            let known = environment.secrets.get(&key).map(|secret| secret.created_at);
            environment.secrets.insert(key, Secret { created_at: known.unwrap_or(now), updated_at: now });
            Ok(if known.is_some() { Response::empty(204) } else { Response::json(201, &json!({})) })
        }
        ("DELETE", [_]) => {
            environment.secrets.remove(&key).ok_or_else(not_found)?;
            call.now.tick();
            Ok(Response::empty(204))
        }
        _ => Err(not_emulated(call.request)),
    }
}

fn list(call: &Call<'_>, secrets: &BTreeMap<String, Secret>) -> Response {
    counted(call, "secrets", secrets.iter().collect(), Paging::LINKED, |(name, secret)| call.shapes.secret(name, secret))
}

fn key_id(environment: &Environment) -> String {
    format!("{:018}", fnv(&environment.id.to_be_bytes()) % 1_000_000_000_000_000_000)
}

/// 32 bytes that follow from the environment, in base64.
fn key_text(environment: &Environment) -> String {
    let bytes: Vec<u8> = (0..4_u8).flat_map(|part| fnv(&[&environment.id.to_be_bytes()[..], &[part]].concat()).to_be_bytes()).collect();
    STANDARD.encode(bytes)
}
