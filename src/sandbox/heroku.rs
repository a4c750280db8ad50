//! Heroku's Platform API (fact H2): config vars, releases, the app, the account.

use serde_json::{Map, Value, json};

use super::state::{Heroku, HerokuApp, HerokuToken, Now, Release, uuid};
use super::switches::{ReleaseWording, SameConfig, Switches};
use super::wire::{Request, Response, fnv};

/// Config vars, keys and values together, in bytes.
const MAX_CONFIG: usize = 64 << 10;

type Handled = Result<Response, Response>;

/// Answers one request.
pub(super) fn answer(world: &mut Heroku, switches: &Switches, now: &mut Now, request: &Request) -> Response {
    let free = request.path == "/account/rate-limits";
    if world.remaining == 0 && !free {
        return echo(request, Response::heroku_limit());
    }
    let (Ok(response) | Err(response)) = route(world, switches, now, request);
    let response = if request.method == "GET" && response.status == 200 { conditional(request, response) } else { response };
    if !free {
        world.remaining -= 1;
    }
    echo(request, response.with("ratelimit-remaining", world.remaining.to_string()))
}

/// The client's `Request-Id` comes back; without one the service makes one up.
fn echo(request: &Request, response: Response) -> Response {
    let made = || uuid(&format!("{}{}{:?}", request.method, request.path, request.body));
    let id = request.header("request-id").map_or_else(made, str::to_owned);
    response.with("request-id", id)
}

fn conditional(request: &Request, response: Response) -> Response {
    let tag = format!("\"{:016x}\"", fnv(&response.body));
    let known =
        request.header("if-none-match").is_some_and(|tags| tags.split(',').any(|known| known.trim().trim_start_matches("W/") == tag));
    let response = if known { Response::empty(304) } else { response };
    response.with("etag", tag)
}

fn route(world: &mut Heroku, switches: &Switches, now: &mut Now, request: &Request) -> Handled {
    let accepts = |accept: &str| accept.contains("application/vnd.heroku+json") && accept.contains("version=3");
    if !request.header("accept").is_some_and(accepts) {
        let message = "The requested API version was not found. Please choose a version in the Accept header.";
        return Err(Response::heroku_error(406, "not_acceptable", message));
    }
    let caller = authenticate(world, request)?;
    let segments = request.segments().ok_or_else(not_found)?;
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let remaining = world.remaining;
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["account"]) => {
            caller.need(&["identity"])?;
            Ok(Response::json(200, &account(&caller.email)))
        }
        ("GET", ["account", "rate-limits"]) => Ok(Response::json(200, &json!({"remaining": remaining}))),
        (method, ["apps", name, rest @ ..]) => {
            let app = world.apps.values_mut().find(|app| app.name == *name || app.id == *name);
            let app = app.ok_or_else(|| Response::heroku_error(404, "not_found", "Couldn't find that app."))?;
            in_app(app, &caller, switches, now, request, (method, rest))
        }
        _ => Err(not_emulated(request)),
    }
}

fn not_emulated(request: &Request) -> Response {
    Response::heroku_error(501, "not_implemented", &format!("gatectl's emulator does not serve {} {}.", request.method, request.path))
}

fn not_found() -> Response {
    Response::heroku_error(404, "not_found", "The requested API endpoint was not found. Are you using the right HTTP verb?")
}

fn invalid(message: &str) -> Response {
    Response::heroku_error(422, "invalid_params", message)
}

fn authenticate(world: &Heroku, request: &Request) -> Result<HerokuToken, Response> {
    let token = request.header("authorization").and_then(|value| value.split_once(' '));
    let token = token.filter(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty());
    let known = token.and_then(|(_, token)| match world.tokens.get(token.trim()) {
        Some(known) => Some(known.clone()),
        None if world.tokens.is_empty() => {
            Some(HerokuToken { email: world.viewer.clone(), scopes: std::iter::once("global".to_owned()).collect() })
        }
        None => None,
    });
    known.ok_or_else(|| Response::heroku_error(401, "unauthorized", "Invalid credentials provided."))
}

impl HerokuToken {
    fn need(&self, scopes: &[&str]) -> Result<(), Response> {
        if self.scopes.contains("global") || scopes.iter().any(|&scope| self.scopes.contains(scope)) {
            return Ok(());
        }
        Err(Response::heroku_error(403, "forbidden", "You do not have access to this resource."))
    }
}

const READ: &[&str] = &["read", "write", "read-protected", "write-protected"];
const READ_CONFIG: &[&str] = &["read-protected", "write-protected"];
const WRITE_CONFIG: &[&str] = &["write-protected"];

fn in_app(
    app: &mut HerokuApp,
    caller: &HerokuToken,
    switches: &Switches,
    now: &mut Now,
    request: &Request,
    asked: (&str, &[&str]),
) -> Handled {
    match asked {
        ("GET", []) => {
            caller.need(READ)?;
            Ok(Response::json(200, &app_shape(app)))
        }
        ("GET", ["config-vars"]) => {
            caller.need(READ_CONFIG)?;
            Ok(Response::json(200, &json!(app.config)))
        }
        ("PATCH", ["config-vars"]) => {
            caller.need(WRITE_CONFIG)?;
            patch(app, caller, switches, now, request)
        }
        ("GET", ["releases"]) => {
            caller.need(READ)?;
            releases(app, request)
        }
        ("POST", ["releases"]) => {
            caller.need(&["write", "write-protected"])?;
            rollback(app, caller, now, request)
        }
        ("GET", ["releases", id]) => {
            caller.need(READ)?;
            Ok(Response::json(200, &release_shape(app, find(app, id)?)))
        }
        ("GET", ["releases", id, "config-vars"]) => {
            caller.need(READ_CONFIG)?;
            Ok(Response::json(200, &json!(find(app, id)?.config)))
        }
        ("GET", ["pipeline-couplings"]) => {
            caller.need(READ)?;
            let stage =
                app.stage.as_ref().ok_or_else(|| Response::heroku_error(404, "not_found", "Couldn't find that pipeline coupling."))?;
            let at = date(app.created_at);
            let (id, pipeline) = (uuid(&format!("coupling {}", app.name)), uuid("pipeline"));
            let shape = json!({
                "id": id, "app": {"id": app.id}, "pipeline": {"id": pipeline}, "stage": stage, "created_at": at, "updated_at": at,
            });
            Ok(Response::json(200, &shape))
        }
        _ => Err(not_emulated(request)),
    }
}

fn find<'a>(app: &'a HerokuApp, id: &str) -> Result<&'a Release, Response> {
    let found = app.releases.iter().find(|release| release.id == id || release.version.to_string() == id.trim_start_matches('v'));
    found.ok_or_else(|| Response::heroku_error(404, "not_found", "Couldn't find that release."))
}

/// Merges: a text sets, null deletes; one release for all of it (fact H2.1).
fn patch(app: &mut HerokuApp, caller: &HerokuToken, switches: &Switches, now: &mut Now, request: &Request) -> Handled {
    let body: Map<String, Value> = match serde_json::from_slice(&request.body) {
        Ok(Value::Object(body)) => body,
        _ => return Err(Response::heroku_error(400, "bad_request", "Unable to parse the JSON request body.")),
    };
    let mut next = app.config.clone();
    let (mut set, mut removed) = (Vec::new(), Vec::new());
    for (key, value) in &body {
        let word = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !word || key.starts_with("__") || key.starts_with("HEROKU_") {
            return Err(invalid(&format!("Config var key {key:?} is invalid.")));
        }
        match value {
            Value::String(value) if next.get(key) != Some(value) => {
                next.insert(key.clone(), value.clone());
                set.push(key.as_str());
            }
            Value::Null if next.remove(key).is_some() => removed.push(key.as_str()),
            Value::String(_) | Value::Null => {}
            _ => return Err(invalid(&format!("Config var {key} must be a string."))),
        }
    }
    if next.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>() > MAX_CONFIG {
        return Err(invalid("Config vars are too large."));
    }
    app.config = next;
    if !set.is_empty() || !removed.is_empty() || switches.same_config == SameConfig::Release {
        let description = describe(switches, &set, &removed);
        app.release(&description, &caller.email, now.tick());
    }
    Ok(Response::json(200, &json!(app.config)))
}

fn describe(switches: &Switches, set: &[&str], removed: &[&str]) -> String {
    let mut parts = Vec::new();
    for (verbs, keys) in [(["Set", "Config add"], set), (["Remove", "Config remove"], removed)] {
        let keys = keys.join(", ");
        match (keys.is_empty(), switches.release_wording, verbs) {
            (true, _, _) => {}
            (false, ReleaseWording::Set, [verb, _]) => parts.push(format!("{verb} {keys} config vars")),
            (false, ReleaseWording::ConfigAdd, [_, verb]) => parts.push(format!("{verb} {keys}")),
        }
    }
    if parts.is_empty() { "Set config vars".to_owned() } else { parts.join(", ") }
}

fn rollback(app: &mut HerokuApp, caller: &HerokuToken, now: &mut Now, request: &Request) -> Handled {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let id = body.get("release").and_then(Value::as_str).ok_or_else(|| invalid("The release is missing."))?;
    let version = find(app, id)?.version;
    app.rollback(version, &caller.email, now.tick());
    let newest = app.releases.last().ok_or_else(not_found)?;
    Ok(Response::json(201, &release_shape(app, newest)))
}

/// A page of releases: `Range: version ..; order=desc,max=1`, answered with 206 and `Next-Range` while more follow.
fn releases(app: &HerokuApp, request: &Request) -> Handled {
    let range = Range::read(request.header("range").unwrap_or_default()).ok_or_else(|| {
        Response::heroku_error(416, "requested_range_not_satisfiable", "Range should be of the form `version 1..; max=200`.")
    })?;
    let mut all: Vec<&Release> = app.releases.iter().collect();
    if range.descending {
        all.reverse();
    }
    let start = match &range.start {
        None => 0,
        Some((at, exclusive)) => {
            let place = all.iter().position(|release| release.version == *at).unwrap_or(all.len());
            place + usize::from(*exclusive)
        }
    };
    let page: Vec<&Release> = all.iter().skip(start).take(range.max).copied().collect();
    let shapes = Value::Array(page.iter().map(|release| release_shape(app, release)).collect());
    let more = start + page.len() < all.len();
    let response = Response::json(if more { 206 } else { 200 }, &shapes).with("accept-ranges", "id, version");
    let (Some(first), Some(last)) = (page.first(), page.last()) else { return Ok(response) };
    let response = response.with("content-range", format!("version {}..{}", first.version, last.version));
    if !more {
        return Ok(response);
    }
    let order = if range.descending { "order=desc," } else { "" };
    Ok(response.with("next-range", format!("version ]{}..; {order}max={}", last.version, range.max)))
}

struct Range {
    /// A version, and whether it is left out.
    start: Option<(u64, bool)>,
    descending: bool,
    max: usize,
}

impl Range {
    fn read(header: &str) -> Option<Self> {
        let mut range = Self { start: None, descending: false, max: 200 };
        let (span, options) = header.split_once(';').unwrap_or((header, ""));
        let (field, span) = span.trim().split_once(' ').unwrap_or((span.trim(), ".."));
        if !["", "id", "version"].contains(&field) {
            return None;
        }
        let start = span.split("..").next().unwrap_or_default().trim();
        if !start.is_empty() {
            range.start = Some((start.trim_start_matches(']').parse().ok()?, start.starts_with(']')));
        }
        for option in options.split(',').map(str::trim).filter(|option| !option.is_empty()) {
            match option.split_once('=')? {
                ("order", order) => range.descending = order == "desc",
                ("max", max) => range.max = max.parse().ok().filter(|max| (1..=1000).contains(max))?,
                _ => return None,
            }
        }
        Some(range)
    }
}

fn date(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn release_shape(app: &HerokuApp, release: &Release) -> Value {
    let at = date(release.created_at);
    let current = app.releases.last().is_some_and(|last| last.version == release.version);
    json!({
        "addon_plan_names": [], "artifacts": [], "app": {"id": app.id, "name": app.name}, "created_at": at, "updated_at": at,
        "description": release.description, "id": release.id, "slug": null, "status": "succeeded",
        "user": {"id": uuid(&release.user), "email": release.user}, "version": release.version, "current": current,
        "output_stream_url": null, "eligible_for_rollback": true,
    })
}

fn app_shape(app: &HerokuApp) -> Value {
    let at = date(app.created_at);
    let released = app.releases.last().map(|release| date(release.created_at));
    let stack = json!({"id": uuid("heroku-24"), "name": "heroku-24"});
    json!({
        "acm": false, "archived_at": null, "buildpack_provided_description": null, "build_stack": stack, "stack": stack, "created_at": at,
        "updated_at": at, "released_at": released, "generation": {"id": uuid(&app.generation), "name": app.generation},
        "git_url": format!("https://git.heroku.com/{}.git", app.name), "id": app.id, "internal_routing": null, "maintenance": false,
        "name": app.name, "owner": {"email": app.owner, "id": uuid(&app.owner)}, "organization": null, "team": null,
        "region": {"id": uuid("us"), "name": "us"}, "repo_size": null, "slug_size": null, "space": null,
        "web_url": format!("https://{}.herokuapp.com/", app.name),
    })
}

fn account(email: &str) -> Value {
    let at = "2020-01-01T00:00:00Z";
    json!({
        "allow_tracking": true, "beta": false, "created_at": at, "updated_at": at, "last_login": at, "email": email, "federated": false,
        "id": uuid(email), "identity_provider": null, "name": null, "sms_number": null, "suspended_at": null, "delinquent_at": null,
        "two_factor_authentication": true, "verified": true, "country_of_residence": null, "default_organization": null, "default_team": null,
    })
}
