//! GitHub's REST API: authentication, routing, and the headers of every answer.
//!
//! Handlers return `Err` with an answer to stop early; both variants are answers.
//! Tested in `sandbox/tests/`.

mod access;
mod contents;
mod custom_rules;
mod deployments;
mod documentation;
mod environments;
mod git;
mod installations;
mod organization;
mod page;
mod people;
mod policies;
mod pulls;
mod repository;
mod runs;
mod secrets;
mod shapes;
mod update;
mod variables;

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use self::shapes::Shapes;
use super::faults::PRIMARY_LIMIT;
use super::state::{GitHub, Grant, Ids, Now, Organization, People, Repo, Token};
use super::switches::Switches;
use super::wire::{Request, Response, fnv};

/// Requests an hour for a user's token (fact G2.11).
const LIMIT: u32 = 5000;

/// An answer, or an early one.
type Handled = Result<Response, Response>;

/// One authenticated request and the parts of the world that every handler may need.
struct Call<'a> {
    request: &'a Request,
    switches: &'a Switches,
    now: &'a mut Now,
    ids: &'a mut Ids,
    people: &'a People,
    caller: &'a Token,
    shapes: Shapes<'a>,
}

impl Call<'_> {
    /// Whether the caller asks for this media type of GitHub's, with or without a version and `+json`.
    fn wants(&self, kind: &str) -> bool {
        let form = |accepted: &str| {
            let name = accepted.split(';').next().unwrap_or_default().trim();
            let name = name.strip_prefix("application/vnd.github.").map(|name| name.strip_suffix("+json").unwrap_or(name));
            name.is_some_and(|name| name.rsplit('.').next() == Some(kind))
        };
        self.request.header("accept").is_some_and(|accept| accept.split(',').any(form))
    }
}

/// Answers one request.
pub(super) fn answer(world: &mut GitHub, switches: &Switches, now: &mut Now, request: &Request) -> Response {
    let free = request.path == "/rate_limit";
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    if world.resets.is_some_and(|resets| resets <= seconds) {
        (world.used, world.resets) = (0, None);
    }
    world.resets.get_or_insert(seconds + 3600);
    let mut response =
        if world.used >= LIMIT && !free { Response::github_error(403, PRIMARY_LIMIT) } else { authenticate(world, switches, now, request) };
    if request.method == "GET" && response.status == 200 {
        response = conditional(request, response);
    }
    if response.status != 304 && !free && world.used < LIMIT {
        world.used += 1;
    }
    if response.header("x-ratelimit-limit").is_none() {
        response = rate(world)
            .into_iter()
            .fold(response, |response, (name, value)| response.with(&format!("x-ratelimit-{name}"), value.to_string()));
        response = response.with("x-ratelimit-resource", "core");
    }
    let id = fnv(format!("{}{}{:?}{}", request.method, request.path, now.0, world.used).as_bytes());
    response
        .with("x-github-request-id", format!("{:04X}:{:X}:5A4D42", id & 0xffff, id >> 16))
        .with("x-github-media-type", "github.v3; format=json")
}

/// `limit`, `used`, `remaining`, `reset`.
fn rate(world: &GitHub) -> [(&'static str, u64); 4] {
    let left = LIMIT.saturating_sub(world.used);
    [("limit", LIMIT.into()), ("used", world.used.into()), ("remaining", left.into()), ("reset", world.resets.unwrap_or_default())]
}

/// ETag and 304 (fact G2.12): representations vary by token and by `Accept`.
fn conditional(request: &Request, response: Response) -> Response {
    let vary = ["authorization", "accept"].map(|name| request.header(name).unwrap_or_default());
    let tag = format!("W/\"{:016x}{:016x}\"", fnv(&response.body), fnv(vary.join("\n").as_bytes()));
    let known = request.header("if-none-match").is_some_and(|tags| tags.split(',').any(|known| known.trim() == tag || known.trim() == "*"));
    let response = if known { Response::empty(304) } else { response };
    response
        .with("etag", tag)
        .with("cache-control", "private, max-age=60, s-maxage=60")
        .with("vary", "Accept, Authorization, Cookie, X-GitHub-OTP")
}

/// GitHub answers in JSON to anything that admits it, and in what it calls itself.
fn acceptable(request: &Request) -> Result<(), Response> {
    let Some(accept) = request.header("accept").filter(|accept| !accept.trim().is_empty()) else { return Ok(()) };
    let admits = |entry: &str| {
        let kind = entry.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        ["*/*", "application/*", "application/json"].contains(&kind.as_str()) || kind.starts_with("application/vnd.github")
    };
    if accept.split(',').any(admits) {
        return Ok(());
    }
    let message = format!("Unsupported 'Accept' header: {accept:?}. Must accept 'application/json'.");
    Err(Response::github_error(415, &message))
}

fn authenticate(world: &mut GitHub, switches: &Switches, now: &mut Now, request: &Request) -> Response {
    if request.header("user-agent").is_none_or(str::is_empty) {
        return Response::html(403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.\n");
    }
    if let Err(response) = acceptable(request) {
        return response;
    }
    if let Some(response) = installations::answer(world, request) {
        return response;
    }
    let Some(authorization) = request.header("authorization") else {
        return documented(request, Response::github_error(401, "Requires authentication"));
    };
    let (scheme, token) = authorization.split_once(' ').unwrap_or(("", authorization));
    let scheme_fits = ["bearer", "token"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let caller = match world.tokens.get(token.trim()) {
        _ if !scheme_fits || token.trim().is_empty() => None,
        Some(known) => Some(known.clone()),
        None if world.tokens.is_empty() => Some(Token::classic(&world.viewer, &["admin:org", "read:org", "repo", "user", "workflow"])),
        None => None,
    };
    let Some(caller) = caller else { return Response::bad_credentials() };
    let (Ok(response) | Err(response)) = route(world, switches, now, &caller, request);
    let response = documented(request, response);
    match caller.grant {
        Grant::Classic(scopes) => {
            let scopes: Vec<String> = scopes.into_iter().collect();
            response.with("x-oauth-scopes", scopes.join(", ")).with("x-accepted-oauth-scopes", "")
        }
        Grant::FineGrained(_) | Grant::Installation(_) => response,
    }
}

fn route(world: &mut GitHub, switches: &Switches, now: &mut Now, caller: &Token, request: &Request) -> Handled {
    if request.path == "/" {
        return Err(not_emulated(request));
    }
    let segments = request.segments().ok_or_else(not_found)?;
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let rates = rate(world);
    let GitHub { people, organizations, repos, ids, .. } = world;
    let web = request.base.strip_suffix(super::wire::ENTERPRISE_PREFIX).unwrap_or(&request.base);
    let shapes = Shapes { people, switches, api: &request.base, web };
    let mut call = Call { request, switches, now, ids, people, caller, shapes };
    match (request.method.as_str(), parts.as_slice()) {
        (_, ["repos", owner, name, rest @ ..]) => {
            if let Some(repo) = repos.iter_mut().find(|repo| repo.is(owner, name)) {
                return in_repository(&mut call, repo, organizations, rest);
            }
            let called = format!("{owner}/{name}");
            let former = |repo: &&Repo| repo.former_names.iter().any(|former| former.to_string().eq_ignore_ascii_case(&called));
            let repo = repos.iter().find(former).ok_or_else(not_found)?;
            call.see(repo)?;
            Ok(moved(request, repo))
        }
        (_, ["repositories", id, rest @ ..]) => {
            let repo = repos.iter_mut().find(|repo| repo.id.to_string() == **id).ok_or_else(not_found)?;
            in_repository(&mut call, repo, organizations, rest)
        }
        ("GET", ["user"]) => people::viewer(&call),
        ("GET", ["user", id]) if is_number(id) => people::by_id(&call, id),
        ("GET", ["users", login]) => people::by_login(&call, login),
        ("GET", ["orgs", org]) => people::organization(&call, org),
        (_, ["orgs", org, "actions", "variables", rest @ ..]) => {
            let organization = organizations.entry(org.to_lowercase()).or_default();
            variables::of_organization(&mut call, org, organization, rest)
        }
        ("GET", ["orgs", org, "repos"]) => organization::repositories(&call, org, repos),
        ("GET", ["orgs", org, "properties", "values"]) => organization::properties(&call, org, repos),
        ("PATCH", ["orgs", org, "properties", "values"]) => organization::set_properties(&mut call, org, repos),
        ("GET", ["orgs", org, "members", rest @ ..]) => people::organization_members(&call, org, rest),
        ("GET", ["orgs", org, "teams"]) => people::teams(&call, org),
        ("GET", ["orgs", org, "teams", slug, "repos"]) => people::team_repositories(&call, org, slug, repos),
        ("GET", ["orgs", org, "teams", slug, "memberships", login]) => people::membership(&call, org, slug, login),
        ("GET", ["orgs", org, "teams", slug]) => people::team(&call, org, slug),
        ("GET", ["orgs", org, "teams", slug, "members"]) => people::members(&call, org, slug),
        ("GET", ["orgs", org, "teams", slug, "repos", owner, name]) => {
            let repo = repos.iter().find(|repo| repo.is(owner, name));
            people::team_repository(&call, org, slug, repo)
        }
        ("GET", ["apps", slug]) => people::app(&call, slug),
        ("GET", ["rate_limit"]) => {
            let rate: Map<String, Value> = rates.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
            Ok(Response::json(200, &json!({"resources": {"core": rate, "search": rate, "graphql": rate}, "rate": rate})))
        }
        _ => Err(not_emulated(request)),
    }
}

fn in_repository(call: &mut Call<'_>, repo: &mut Repo, organizations: &BTreeMap<String, Organization>, rest: &[&str]) -> Handled {
    call.see(repo)?;
    if repo.archived && !call.request.reads() {
        return Err(Response::github_error(403, "Repository was archived so is read-only."));
    }
    match (call.request.method.as_str(), rest) {
        ("GET", []) => repository::get(call, repo),
        ("GET", ["branches"]) => repository::branches(call, repo),
        ("GET", ["branches", rest @ ..]) => repository::branch(call, repo, rest),
        ("GET", ["rulesets"]) => repository::rulesets(call, repo),
        ("GET", ["rulesets", id]) if is_number(id) => repository::ruleset(call, repo, id),
        ("GET", ["rules", "branches", branch @ ..]) => repository::branch_rules(call, repo, &branch.join("/")),
        ("GET", ["teams"]) => repository::teams(call, repo),
        ("GET", ["properties", "values"]) => Ok(Response::json(200, &call.shapes.properties(repo))),
        ("GET", ["collaborators"]) => repository::collaborators(call, repo),
        (_, ["collaborators", login]) => repository::collaborator(call, repo, login),
        ("GET", ["collaborators", login, "permission"]) => repository::permission(call, repo, login),
        ("GET", ["contents", path @ ..]) => contents::get(call, repo, &path.join("/")),
        ("GET", ["git", rest @ ..]) => git::route(call, repo, rest),
        ("GET", ["commits", rest @ ..]) => git::commits(call, repo, rest),
        ("GET", ["compare", rest @ ..]) => git::compare(call, repo, &rest.join("/")),
        ("GET", ["pulls", rest @ ..]) => pulls::route(call, repo, rest),
        ("GET", ["activity"]) => pulls::activity(call, repo),
        ("GET", ["actions", "secrets"]) => secrets::of_repository(call, repo, &repo.secrets),
        ("GET", ["actions", "organization-secrets"]) => secrets::of_repository(call, repo, &repo.organization_secrets),
        ("GET", ["actions", "organization-variables"]) => {
            variables::inherited(call, repo, organizations.get(&repo.name.owner().to_lowercase()))
        }
        (_, ["actions", "variables", rest @ ..]) => variables::of_repository(call, repo, rest),
        ("GET", ["actions", "workflows"]) => runs::workflows(call, repo),
        ("GET", ["actions", "workflows", id, "runs"]) => runs::of_workflow(call, repo, id),
        ("GET", ["actions", "jobs", id]) => runs::job(call, repo, id),
        (_, ["actions", "runs", rest @ ..]) => runs::route(call, repo, rest),
        (_, ["deployments", rest @ ..]) => deployments::route(call, repo, rest),
        ("GET", ["environments"]) => environments::list(call, repo),
        ("GET", ["environments", name]) => environments::get(call, repo, name),
        ("PUT", ["environments", name]) => environments::put(call, repo, name),
        ("DELETE", ["environments", name]) => environments::delete(call, repo, name),
        (_, ["environments", name, "deployment-branch-policies", rest @ ..]) => policies::route(call, repo, name, rest),
        (_, ["environments", name, "deployment_protection_rules", rest @ ..]) => custom_rules::route(call, repo, name, rest),
        (_, ["environments", name, "variables", rest @ ..]) => variables::of_environment(call, repo, name, rest),
        (_, ["environments", name, "secrets", rest @ ..]) => secrets::route(call, repo, name, rest),
        // Every route below an environment is emulated: what is left is a name with a slash that is not encoded (fact G2.7).
        (_, ["environments", ..]) => Err(not_found()),
        _ => Err(not_emulated(call.request)),
    }
}

/// A renamed repository: 301 for reads, 307 for the rest, with the place that follows it (fact G1.5).
fn moved(request: &Request, repo: &Repo) -> Response {
    let rest: Vec<&str> = request.path.splitn(5, '/').skip(4).collect();
    let mut place = format!("{}/repositories/{}", request.base, repo.id);
    for part in rest {
        place.push('/');
        place.push_str(part);
    }
    let status = if request.reads() { 301 } else { 307 };
    let message = if request.reads() { "Moved Permanently" } else { "Temporary Redirect" };
    let page = "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects";
    Response::json(status, &json!({"message": message, "url": place, "documentation_url": page})).with("location", place)
}

/// An error names the page of its route, as GitHub's do.
fn documented(request: &Request, response: Response) -> Response {
    let segments = request.segments().unwrap_or_default();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    response.documented(&documentation::page(&request.method, &segments))
}

/// Whether a segment is an id; any other word there is another route.
fn is_number(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit())
}

fn not_found() -> Response {
    Response::github_error(404, "Not Found")
}

/// A route that the emulator does not know: never a 404, which would mean that something does not exist.
fn not_emulated(request: &Request) -> Response {
    Response::github_error(501, &format!("gatectl's emulator does not serve {} {}.", request.method, request.path))
}

/// A body that the API description does not admit; the detail is in the form that was recorded elsewhere (fact G2.13).
fn invalid(detail: &str) -> Response {
    let message = if detail.is_empty() { "Invalid request.".to_owned() } else { format!("Invalid request.\n\n{detail}") };
    Response::github_error(422, &message)
}

/// The body as a JSON object; no body and `null` are the empty one.
fn object(request: &Request) -> Result<Map<String, Value>, Response> {
    if request.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(&request.body) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err(Response::github_error(400, "Body should be a JSON object")),
        Err(_) => Err(Response::github_error(400, "Problems parsing JSON")),
    }
}

/// A text that the body must have.
fn text(body: &Map<String, Value>, key: &str) -> Result<String, Response> {
    match body.get(key) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Err(invalid(&format!("For 'properties/{key}', {other} is not a string."))),
        None => Err(invalid(&format!("\"{key}\" wasn't supplied."))),
    }
}
