//! Takes what must not be shown out of an answer before anyone reads it (law 8): our token, and credentials that the server repeats.
//! What is cut afterward cannot cut a token in two.

use http::{HeaderMap, HeaderValue, Response};
use hyper::body::Bytes;
use serde_json::Value;

use super::answer::{bounded, is_html};
use super::fault::Fault;
use super::token::Token;
use crate::model::{VarValue, without_credentials};

/// The most characters of a network error that are kept.
const MAX_FAULT: usize = 500;

/// What a request was sent with that no message may repeat.
pub(super) struct Sent<'a> {
    token: Option<&'a Token>,
    /// The values of its body that look like credentials.
    credentials: Vec<&'a str>,
}

impl<'a> Sent<'a> {
    /// `address` is where it was sent, a path with its query.
    pub(super) fn new(token: Option<&'a Token>, address: &str, body: Option<&'a Value>) -> Self {
        Self { token, credentials: body.map(|body| credentials(address, body)).unwrap_or_default() }
    }

    /// The outcome of a request, in words that can be shown.
    pub(super) fn outcome(&self, outcome: Result<Response<Bytes>, Fault>) -> Result<Response<Bytes>, Fault> {
        match outcome {
            Ok(response) => Ok(self.answer(response)),
            Err(fault) => Err(fault.map(|text| bounded(&self.without_token(text), MAX_FAULT))),
        }
    }

    /// A success keeps its JSON: that is data, and no message quotes it.
    fn answer(&self, response: Response<Bytes>) -> Response<Bytes> {
        let is_data = response.status().is_success() && !is_html(&response);
        let (mut head, body) = response.into_parts();
        self.headers(&mut head.headers);
        Response::from_parts(head, if is_data { body } else { self.words(&body) })
    }

    fn headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            let text = String::from_utf8_lossy(value.as_bytes());
            let clean = self.without_token(&text);
            if clean != text {
                *value = HeaderValue::from_str(&clean).unwrap_or(HeaderValue::from_static("***"));
            }
        }
    }

    /// JSON can spell a token in several ways, so it is read first.
    fn words(&self, body: &Bytes) -> Bytes {
        match serde_json::from_slice::<Value>(body) {
            Ok(json) => Bytes::from(self.json(json).to_string()),
            Err(_) => Bytes::from(self.text(&String::from_utf8_lossy(body))),
        }
    }

    fn json(&self, json: Value) -> Value {
        match json {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(list) => Value::Array(list.into_iter().map(|value| self.json(value)).collect()),
            Value::Object(map) => Value::Object(map.into_iter().map(|(key, value)| (self.text(&key), self.json(value))).collect()),
            other => other,
        }
    }

    fn text(&self, text: &str) -> String {
        let clean = self.credentials.iter().fold(self.without_token(text), |text, value| without(&text, value));
        without_credentials(&clean)
    }

    fn without_token(&self, text: &str) -> String {
        self.token.map_or_else(|| text.to_owned(), |token| token.scrub(text))
    }
}

/// The values of a body that look like credentials, by the name that they are sent under: `{"NAME": value}`, or `{"name": …, "value": …}`,
/// where the address may have the name instead.
fn credentials<'b>(address: &str, body: &'b Value) -> Vec<&'b str> {
    let Value::Object(map) = body else { return Vec::new() };
    let last = address.split('?').next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let name = map.get("name").and_then(Value::as_str).unwrap_or(last);
    let named = map.iter().filter_map(|(key, value)| Some((if key == "value" { name } else { key }, value.as_str()?)));
    named.filter(|(name, text)| VarValue::new(*name, *text).plain().is_none()).map(|(_, text)| text).collect()
}

/// The text without this value, unless it is a part of a longer word.
fn without(text: &str, value: &str) -> String {
    let joins = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let (mut clean, mut from) = (String::new(), 0);
    for (at, _) in text.match_indices(value) {
        let end = at + value.len();
        let is_part = joins(text.get(..at).and_then(|before| before.chars().next_back()))
            || joins(text.get(end..).and_then(|after| after.chars().next()));
        if !is_part {
            clean.push_str(text.get(from..at).unwrap_or_default());
            clean.push_str("***");
            from = end;
        }
    }
    clean + text.get(from..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use http::Method;
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::answer as read;
    use super::super::headers::text;
    use super::super::hints::{self, HintContext};
    use super::*;
    use crate::providers::github::api as github;

    const TOKEN: &str = "ghp_aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5";
    /// The JSON fields and headers whose words end up in an error, and two bodies that are not JSON.
    const PLACES: [&str; 19] = [
        "message",
        "error_description",
        "error",
        "id",
        "url",
        "errors",
        "errors[]",
        "errors[].message",
        "errors[].resource",
        "errors[].field",
        "errors[].code",
        "errors[].other",
        "text",
        "title",
        "location",
        "x-github-sso",
        "x-accepted-github-permissions",
        "x-oauth-scopes",
        "x-github-request-id",
    ];

    /// An answer that holds a text in one place.
    fn echo(status: u16, place: &str, text: &str) -> Response<Bytes> {
        let ascii: String = text.chars().filter(|c| (' '..='~').contains(c)).collect();
        let header = match place {
            "x-github-sso" => format!("required; url=https://{ascii}"),
            "x-accepted-github-permissions" => format!("{ascii}=write"),
            _ => ascii,
        };
        let body = match place.split_once("[]") {
            Some((list, "")) => json!({"message": "No", list: [text]}).to_string(),
            Some((list, key)) => json!({"message": "No", list: [{"field": "f", "code": "c", &key[1..]: text}]}).to_string(),
            None if place == "text" => text.to_owned(),
            None if place == "title" => format!("<html><title>{text}</title>"),
            None => json!({place: text}).to_string(),
        };
        let builder = Response::builder().status(status);
        let builder = if place.contains('-') || place == "location" { builder.header(place, header) } else { builder };
        // Letters may be spelled by their numbers.
        let spelled = if status.is_multiple_of(2) && body.starts_with('{') { "\\u0067hp_aB" } else { "ghp_aB" };
        builder.body(body.replace("ghp_aB", spelled).into()).unwrap()
    }

    /// Everything of an answer that may be shown.
    fn shown(response: &Response<Bytes>) -> String {
        let refusal = match read::reply(&Method::GET, response) {
            Ok(_) if response.status().is_success() => return format!("{:?}", response.headers()),
            Err(refusal) if response.status().is_success() => refusal,
            _ => read::refusal(response),
        };
        let endpoint = github::endpoint(github::PUBLIC).unwrap();
        let asked = HintContext { endpoint: &endpoint, method: &Method::GET, path: "/", token_source: Some("GH_TOKEN"), proxy: None };
        let hint = hints::for_refusal(&asked, response.status(), response.headers(), &refusal);
        let id = text(response.headers(), github::API.request_ids.header());
        format!("{refusal:?} {hint:?} {id:?} {:?}", response.headers())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn no_piece_of_a_token_is_ever_shown(
            place in proptest::sample::select(&PLACES[..]),
            status in proptest::sample::select(&[200u16, 301, 302, 401, 403, 404, 409, 422, 429, 500, 502][..]),
            before in prop_oneof![0usize..1_100, 1_900usize..2_100, 8_100usize..8_250],
            filling in proptest::sample::select(&["x", " ", "é", "\n"][..]),
            after in 0usize..50,
        ) {
            let text = format!("{} {TOKEN} {}", filling.repeat(before), "y".repeat(after));
            let token = Token::new(TOKEN, "GH_TOKEN");
            let clean = Sent::new(Some(&token), "/x", None).answer(echo(status, place, &text));
            let shown = shown(&clean);
            for at in 0..TOKEN.len() - 8 {
                prop_assert!(!shown.contains(&TOKEN[at..at + 8]), "{place}, {status}: {shown}");
            }
        }

        #[test]
        fn what_the_network_says_is_cut_after_it_was_cleaned(before in 0usize..600) {
            let fault = Fault::Lost(format!("{}{TOKEN}", "x".repeat(before)));
            let token = Token::new(TOKEN, "GH_TOKEN");
            let said = Sent::new(Some(&token), "/x", None).outcome(Err(fault)).unwrap_err().to_string();
            prop_assert!(!said.contains(&TOKEN[..8]) && said.len() < MAX_FAULT + 100, "{said}");
        }
    }

    #[test]
    fn data_stays_as_it_is() {
        let token = Token::new(TOKEN, "GH_TOKEN");
        let body = json!({"name": TOKEN}).to_string();
        let sent = Sent::new(Some(&token), "/x", None);
        let same = sent.answer(Response::builder().status(200).body(Bytes::from(body.clone())).unwrap());
        assert_eq!(*same.body(), body);
        let other = json!({"message": "a \u{1b} é", "errors": [1, null, {"a": true}]});
        let clean = sent.answer(Response::builder().status(422).header("x", "y").body(Bytes::from(other.to_string())).unwrap());
        assert_eq!(serde_json::from_slice::<Value>(clean.body()).unwrap(), other);
        assert_eq!(clean.headers()["x"], "y");
    }

    #[test]
    fn a_server_that_repeats_a_value_that_looks_like_a_credential_is_not_quoted() {
        let said = |address: &str, body: Value, words: Value| {
            let response = Response::builder().status(422).body(Bytes::from(words.to_string())).unwrap();
            String::from_utf8(Sent::new(None, address, Some(&body)).answer(response).into_body().to_vec()).unwrap()
        };
        let bodies = [
            ("/variables?a=b/c", json!({"name": "API_TOKEN", "value": "hunter2"})),
            ("/variables/API_TOKEN", json!({"value": "hunter2"})),
            ("/config-vars", json!({"API_TOKEN": "hunter2", "TIER": "prod"})),
        ];
        for (address, body) in bodies {
            for words in [json!({"message": "hunter2 is too short"}), json!({"errors": ["no", {"message": "API_TOKEN='hunter2'"}]})] {
                let said = said(address, body.clone(), words);
                assert!(!said.contains("hunter2") && said.contains("***"), "{said}");
            }
        }
        let plain = json!({"message": "prod is not a tier; hunter22 is not what was sent; API_TOKEN"});
        assert_eq!(said("/config-vars", json!({"API_TOKEN": "hunter2", "TIER": "prod"}), plain.clone()), plain.to_string());
        // What the server makes up of its own is masked by its form.
        let live = said("/x", json!({}), json!({"message": "cannot reach postgres://app:hunter2@db.example.com/app now"}));
        assert_eq!(live, json!({"message": "cannot reach *** now"}).to_string());
    }
}
