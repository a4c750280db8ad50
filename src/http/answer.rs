//! An answer: a success as JSON, a refusal as the server's message. Pure. Our token and what looks like a credential were removed
//! before, see [`super::scrub`], so that it may be cut anywhere.

use std::fmt;

use http::header::{CONTENT_TYPE, LINK, LOCATION};
use http::{HeaderMap, Method, Response, StatusCode};
use hyper::body::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::{ErrorKind, json};

const MAX_MESSAGE: usize = 1000;
const MAX_DETAIL: usize = 300;
const MAX_DETAILS: usize = 20;

/// A successful answer (2xx) whose body was read to its end. Its `Debug` does not show the body: it may hold an app's config vars.
#[derive(Clone, PartialEq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body as JSON; `Null` when it is empty.
    pub body: Value,
    /// Whether the `Link` header names a next page.
    pub has_next: bool,
    /// The parameter for the next page of a list that is paged by cursor: the `after` of its address.
    pub cursor: Option<String>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({} with a body)", self.status)
    }
}

/// A refusal of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ErrorResponse {
    pub(super) kind: ErrorKind,
    pub(super) message: String,
    pub(super) details: Vec<String>,
    /// Heroku's `id` of an error, such as `two_factor`.
    pub(super) id: Option<String>,
}

/// Reads a 2xx.
///
/// # Errors
/// When the body is not whole JSON. The message never quotes a body: it may hold config vars.
pub(super) fn reply(method: &Method, response: &Response<Bytes>) -> Result<Reply, ErrorResponse> {
    let broken = |kind, message: String| ErrorResponse { kind, message, details: Vec::new(), id: None };
    let bytes = response.body().trim_ascii();
    let next = next_address(response.headers());
    let has_next = next.is_some() || response.headers().contains_key("next-range");
    let cursor = next.and_then(cursor_of);
    let status = response.status().as_u16();
    if bytes.is_empty() {
        if *method == Method::GET && response.status() == StatusCode::OK {
            return Err(broken(ErrorKind::Malformed, "the response is empty".to_owned()));
        }
        return Ok(Reply { status, body: Value::Null, has_next, cursor });
    }
    match json::parse(bytes) {
        Ok(body) => Ok(Reply { status, body, has_next, cursor }),
        Err(_) if is_html(response) => {
            let message = format!("an HTML page instead of JSON{}", quoted(title(bytes)));
            Err(broken(ErrorKind::Malformed, message))
        }
        Err(error) if error.is_eof() => {
            Err(broken(ErrorKind::Transport, format!("the response is cut off after {} bytes", response.body().len())))
        }
        Err(error) if error.is_data() => {
            let message = format!("the response is inconsistent or did not come from this API: {error}");
            Err(broken(ErrorKind::Malformed, message))
        }
        Err(error) => {
            let message = format!("the response is not JSON (line {}, column {})", error.line(), error.column());
            Err(broken(ErrorKind::Malformed, message))
        }
    }
}

/// Reads anything except a 2xx.
pub(super) fn refusal(response: &Response<Bytes>) -> ErrorResponse {
    let status = response.status();
    let bytes = response.body().trim_ascii();
    let json = serde_json::from_slice::<Value>(bytes).ok();
    let text = |key: &str| json.as_ref().and_then(|json| json.get(key)).and_then(Value::as_str);
    let html = json.is_none() && is_html(response);
    let reason = || status.canonical_reason().unwrap_or("an unknown status").to_owned();
    let message = match text("message").or_else(|| text("error_description")).or_else(|| text("error")) {
        Some(message) => bounded(message, MAX_MESSAGE),
        None if html => format!("an HTML page instead of JSON{}", quoted(title(bytes))),
        None if json.is_none() && !bytes.is_empty() => excerpt(bytes),
        None => reason(),
    };
    let mut details = json.as_ref().and_then(|json| json.get("errors")).map(details).unwrap_or_default();
    details.retain(|detail| *detail != message);
    let kind = match kind(status, html, response.headers(), text("url")) {
        // Another token would not help: the repository itself is read-only.
        ErrorKind::Forbidden if message.to_ascii_lowercase().contains("archived") => ErrorKind::Unprocessable,
        kind => kind,
    };
    ErrorResponse { kind, message, details, id: text("id").map(|id| bounded(id, 100)) }
}

fn kind(status: StatusCode, html: bool, headers: &HeaderMap, url: Option<&str>) -> ErrorKind {
    match status.as_u16() {
        301 | 302 | 307 | 308 => {
            let location = headers.get(LOCATION).and_then(|value| value.to_str().ok()).or(url);
            ErrorKind::Moved(location.map(|location| bounded(location, MAX_DETAIL)))
        }
        303 => ErrorKind::SeeOther,
        401 => ErrorKind::Unauthenticated,
        407 => ErrorKind::Transport,
        429 => ErrorKind::RateLimited,
        500..=599 => ErrorKind::Server,
        // The API itself refuses in JSON: a page comes from a proxy, and says nothing about the requested resource.
        400..=499 if html => ErrorKind::Malformed,
        403 => ErrorKind::Forbidden,
        404 | 410 => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        400..=499 => ErrorKind::Unprocessable,
        _ => ErrorKind::Malformed,
    }
}

/// The entries of `errors`: GitHub sends an array of strings, an array of objects, or one string (fact G2.2).
fn details(errors: &Value) -> Vec<String> {
    match errors {
        Value::Array(entries) => entries.iter().take(MAX_DETAILS).map(detail).collect(),
        Value::Null => Vec::new(),
        other => vec![detail(other)],
    }
}

fn detail(entry: &Value) -> String {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let said = text("message").or_else(|| text("code"));
    let line = match (entry.as_str(), text("resource"), text("field"), said) {
        (Some(line), ..) => line.to_owned(),
        (None, Some(resource), Some(field), Some(said)) => format!("{resource}.{field}: {said}"),
        (None, None, Some(place), Some(said)) | (None, Some(place), None, Some(said)) => format!("{place}: {said}"),
        (None, None, None, Some(said)) => said.to_owned(),
        _ => entry.to_string(),
    };
    bounded(&line, MAX_DETAIL)
}

/// The address of the next page that `Link` names (RFC 8288). Heroku names a `Next-Range` instead.
fn next_address(headers: &HeaderMap) -> Option<&str> {
    headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok()).find_map(next_of)
}

/// The value of `after` in the query of an address.
fn cursor_of(address: &str) -> Option<String> {
    let (_, query) = address.split_once('?')?;
    let value = query.split('&').find_map(|pair| pair.strip_prefix("after="))?;
    percent_decode_str(value).decode_utf8().ok().map(Into::into)
}

fn next_of(mut link: &str) -> Option<&str> {
    // An address may itself hold commas and semicolons, so it is skipped before its parameters are read.
    while let Some((_, after)) = link.split_once('<') {
        let (address, parameters) = after.split_once('>')?;
        let (own, rest) = parameters.split_once('<').unwrap_or((parameters, ""));
        let next = own.split([';', ',']).any(|parameter| {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = value.trim().trim_matches('"');
            key.trim().eq_ignore_ascii_case("rel") && value.split_ascii_whitespace().any(|rel| rel.eq_ignore_ascii_case("next"))
        });
        if next {
            return Some(address);
        }
        link = if rest.is_empty() { "" } else { &parameters[own.len()..] };
    }
    None
}

/// Whether it is a page: never an answer of the API, regardless of its status.
pub(super) fn is_html(response: &Response<Bytes>) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.to_ascii_lowercase().contains("html") || response.body().trim_ascii_start().starts_with(b"<")
}

/// The title of a page: short, and unlikely to contain data.
fn title(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(bytes.get(..bytes.len().min(8192)).unwrap_or_default()).into_owned();
    let lower = head.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let from = start + lower.get(start..)?.find('>')? + 1;
    let to = from + lower.get(from..)?.find('<')?;
    let title = squeezed(head.get(from..to)?);
    (!title.is_empty()).then(|| bounded(&title, 100))
}

fn quoted(title: Option<String>) -> String {
    title.map_or_else(String::new, |title| format!(" (\"{title}\")"))
}

fn excerpt(bytes: &[u8]) -> String {
    let head = bytes.get(..bytes.len().min(2048)).unwrap_or_default();
    bounded(&squeezed(&String::from_utf8_lossy(head)), 200)
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most this many characters.
pub(super) fn bounded(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Why a JSON value is not the expected type, without the value: it may be a secret.
pub(super) fn decode_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(", expected ") {
        Some((_, expected)) => format!("the response has an unexpected form: expected {}", bounded(in_json(expected), MAX_DETAIL)),
        None if text.starts_with("missing field") => format!("the response has an unexpected form: {}", bounded(&text, MAX_DETAIL)),
        None => "the response has an unexpected form".to_owned(),
    }
}

/// A Rust type as JSON calls it.
fn in_json(expected: &str) -> &str {
    match expected {
        "a sequence" => "a list",
        "a map" => "an object",
        "u8" | "u16" | "u32" | "u64" | "usize" | "i64" => "a whole number",
        _ if expected.starts_with("struct ") => "an object",
        _ => expected,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Response<Bytes> {
        let mut builder = Response::builder().status(status);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(body.into()).unwrap()
    }

    #[test]
    fn a_success_is_json_or_nothing() {
        let get = |status, body: &str| reply(&Method::GET, &answer(status, &[], body.to_owned()));
        assert_eq!(get(200, "{\"a\":1}").unwrap().body, json!({"a": 1}));
        assert_eq!(get(204, "").unwrap().body, Value::Null);
        assert_eq!(reply(&Method::PUT, &answer(200, &[], "")).unwrap().body, Value::Null);
        assert_eq!(get(200, " ").unwrap_err().kind, ErrorKind::Malformed);
        assert_eq!(get(200, "{\"a\":").unwrap_err().kind, ErrorKind::Transport);
        assert_eq!(get(200, "nonsense").unwrap_err().kind, ErrorKind::Malformed);
        let page = get(200, "<!doctype html><title> Sign\n in </title>secret").unwrap_err();
        assert_eq!((page.kind, page.message.as_str()), (ErrorKind::Malformed, "an HTML page instead of JSON (\"Sign in\")"));
    }

    #[test]
    fn a_broken_success_never_quotes_its_body() {
        for body in ["{\"KEY\":\"hunter2\"", "hunter2", "{\"KEY\":\"hunter2\"} hunter2", "<html>hunter2", "\"hunter2"] {
            let refusal = reply(&Method::GET, &answer(200, &[], body)).unwrap_err();
            assert!(!format!("{refusal:?}").contains("hunter2"), "{refusal:?}");
        }
        let error = serde_json::from_value::<u64>(json!("hunter2")).unwrap_err();
        assert_eq!(decode_message(&error), "the response has an unexpected form: expected a whole number");
        let error = serde_json::from_value::<serde_json::Map<String, Value>>(json!([])).unwrap_err();
        assert_eq!(decode_message(&error), "the response has an unexpected form: expected an object");
    }

    #[test]
    fn every_form_of_errors_becomes_lines() {
        let details = |errors: Value| refusal(&answer(422, &[], json!({"message": "No", "errors": errors}).to_string())).details;
        assert_eq!(details(json!(["one", "two"])), ["one", "two"]);
        assert_eq!(details(json!("one")), ["one"]);
        assert_eq!(details(json!(null)), Vec::<String>::new());
        assert_eq!(details(json!(["No"])), Vec::<String>::new(), "what the message says is not repeated");
        let object = json!([{"resource": "Environment", "field": "name", "code": "invalid"}, {"message": "so"}, {"code": "custom", "field": "f"}, {"x": 1}]);
        assert_eq!(details(object), ["Environment.name: invalid", "so", "f: custom", "{\"x\":1}"]);
        assert_eq!(details(json!(vec!["x"; 1000])).len(), MAX_DETAILS);
    }

    #[test]
    fn a_page_says_nothing_about_what_was_asked() {
        for status in [403, 404, 409, 422] {
            assert_eq!(refusal(&answer(status, &[("content-type", "text/html")], "<h1>no</h1>")).kind, ErrorKind::Malformed, "{status}");
        }
        assert_eq!(refusal(&answer(502, &[("content-type", "text/html")], "<h1>no</h1>")).kind, ErrorKind::Server);
        assert_eq!(refusal(&answer(404, &[], "")).kind, ErrorKind::NotFound);
        assert_eq!(refusal(&answer(404, &[], "")).message, "Not Found");
    }

    #[test]
    fn a_move_says_where_to() {
        let moved = |headers: &[(&str, &str)], body: &str| refusal(&answer(301, headers, body.to_owned())).kind;
        assert_eq!(moved(&[("location", "https://x/1")], ""), ErrorKind::Moved(Some("https://x/1".to_owned())));
        assert_eq!(moved(&[], "{\"url\":\"https://x/2\"}"), ErrorKind::Moved(Some("https://x/2".to_owned())));
        assert_eq!(moved(&[], ""), ErrorKind::Moved(None));
    }

    #[test]
    fn the_next_page_is_found_among_the_links() {
        let next = |link: &str| reply(&Method::GET, &answer(200, &[("link", link)], "[]")).unwrap().has_next;
        assert!(next("<https://x/?a=1,2;3>; rel=\"prev\", <https://x/?page=2>; rel=\"next\", <https://x/?page=9>; rel=\"last\""));
        assert!(next("<https://x>; title=\"t\"; REL=next"));
        assert!(!next("<https://x/?rel=next>; rel=\"last\""));
        assert!(!next("rel=\"next\""));
        assert!(!next(""));
        let cursor = |link: &str| reply(&Method::GET, &answer(200, &[("link", link)], "[]")).unwrap().cursor;
        let by_cursor = "<https://x/?before=Zg>; rel=\"prev\", <https://x/?a=1&after=Y3Vy%3D&b=2>; rel=\"next\"";
        assert_eq!(cursor(by_cursor).as_deref(), Some("Y3Vy="));
        assert_eq!(cursor("<https://x/?page=2>; rel=\"next\""), None);
    }

    proptest! {
        #[test]
        fn no_answer_panics_and_all_are_bounded(status in 100u16..600, body in proptest::collection::vec(any::<u8>(), 0..400), link in "[ -~]{0,60}") {
            let response = answer(status, &[("link", &link)], body);
            let refusal = refusal(&response);
            prop_assert!(refusal.message.chars().count() <= MAX_MESSAGE + 3);
            let _ = reply(&Method::GET, &response);
        }
    }
}
