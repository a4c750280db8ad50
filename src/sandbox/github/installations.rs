//! A GitHub App's own endpoints: where it is installed, and tokens for that. Only they take a JWT (fact G2.9).

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};

use super::{Handled, not_found, object};
use crate::sandbox::state::{GitHub, Grant, Installation, Level, Token};
use crate::sandbox::wire::{Request, Response, fnv};

/// Answers requests that only an App may send; `None` for everything else.
pub(super) fn answer(world: &mut GitHub, request: &Request) -> Option<Response> {
    let segments = request.segments()?;
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (Ok(response) | Err(response)) = match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["repos", owner, name, "installation"]) => {
            let known = world.repos.iter().any(|repo| repo.is(owner, name));
            authenticate(world, request)
                .and_then(|app| if known { installation(world, &app, owner).map(|one| found(world, one)) } else { Err(not_found()) })
        }
        ("GET", ["orgs" | "users", owner, "installation"]) => {
            authenticate(world, request).and_then(|app| installation(world, &app, owner).map(|one| found(world, one)))
        }
        ("POST", ["app", "installations", id, "access_tokens"]) => {
            authenticate(world, request).and_then(|app| access_token(world, &app, id, request))
        }
        _ => return None,
    };
    Some(response)
}

fn unauthorized(message: &str) -> Response {
    Response::github_error(401, message)
}

/// The id of the App that signed the request's statement.
fn authenticate(world: &GitHub, request: &Request) -> Result<String, Response> {
    let undecodable = || unauthorized("A JSON web token could not be decoded");
    let jwt = request.header("authorization").and_then(|value| value.split_once(' ')).map(|(_, jwt)| jwt.trim()).ok_or_else(undecodable)?;
    let (signed, signature) = jwt.rsplit_once('.').ok_or_else(undecodable)?;
    let (_, claims) = signed.split_once('.').ok_or_else(undecodable)?;
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| undecodable());
    let claims: Value = serde_json::from_slice(&bytes(claims)?).map_err(|_| undecodable())?;
    let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or_default().to_owned();
    let own =
        world.installations.iter().find(|one| one.app_id == issuer).ok_or_else(|| Response::github_error(404, "Integration not found"))?;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &own.public_key);
    key.verify(signed.as_bytes(), &bytes(signature)?).map_err(|_| undecodable())?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs()).saturating_add_signed(world.clock_ahead);
    let number = |name: &str| claims.get(name).and_then(Value::as_u64).unwrap_or_default();
    if number("iat") > now {
        return Err(unauthorized("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"));
    }
    if number("exp") <= now {
        return Err(unauthorized(
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        ));
    }
    if number("exp") > now + 600 {
        return Err(unauthorized("'Expiration time' claim ('exp') is too far in the future"));
    }
    Ok(issuer)
}

fn installation<'w>(world: &'w GitHub, app: &str, owner: &str) -> Result<&'w Installation, Response> {
    let own = |one: &&Installation| one.app_id == app && one.account.eq_ignore_ascii_case(owner);
    world.installations.iter().find(own).ok_or_else(not_found)
}

fn words(permissions: &BTreeMap<String, Level>) -> Value {
    permissions.iter().map(|(area, level)| (area.clone(), json!(level.as_str()))).collect::<serde_json::Map<_, _>>().into()
}

fn found(world: &GitHub, one: &Installation) -> Response {
    let suspended = one.suspended.then_some("2026-01-02T03:04:05Z");
    let body = json!({
        "id": one.id,
        "app_id": one.app_id.parse::<u64>().unwrap_or_default(),
        "account": {"login": one.account},
        "target_type": world.people.account(&one.account).map(|account| account.kind.as_str()),
        "permissions": words(&one.permissions),
        "repository_selection": "all",
        "suspended_at": suspended,
    });
    Response::json(200, &body)
}

fn access_token(world: &mut GitHub, app: &str, id: &str, request: &Request) -> Handled {
    let one = world.installations.iter().find(|one| one.app_id == app && one.id.to_string() == id).ok_or_else(not_found)?;
    if one.suspended {
        return Err(Response::github_error(403, "This installation has been suspended"));
    }
    let body = object(request)?;
    let mut permissions = one.permissions.clone();
    if let Some(Value::Object(asked)) = body.get("permissions") {
        let level = |word: &Value| if word == "write" { Level::Write } else { Level::Read };
        permissions = asked.iter().map(|(area, word)| (area.clone(), level(word))).collect();
        if !permissions.iter().all(|(area, level)| one.permissions.get(area).is_some_and(|granted| granted >= level)) {
            return Err(Response::github_error(422, "The permissions requested are not granted to this installation."));
        }
    }
    let names = body.get("repositories").and_then(Value::as_array).cloned().unwrap_or_default();
    if !names.iter().all(|name| world.repos.iter().any(|repo| name.as_str().is_some_and(|name| repo.is(&one.account, name)))) {
        let message = "There is at least one repository that does not exist or is not accessible to the parent installation.";
        return Err(Response::github_error(422, message));
    }
    let made = world.tokens.keys().filter(|token| token.starts_with("ghs_")).count();
    let token = format!("ghs_{:016x}{made:020}", fnv(format!("{app}{id}{made}").as_bytes()));
    let expires = Timestamp::now().checked_add(Duration::from_secs(3600)).unwrap_or(Timestamp::MAX);
    let body = json!({"token": token, "expires_at": expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), "permissions": words(&permissions), "repository_selection": "selected"});
    world.tokens.insert(token, Token { login: format!("app-{app}[bot]"), grant: Grant::Installation(permissions) });
    Ok(Response::json(201, &body))
}
