//! Each fault, and the one outcome that it must have for a read and for a write.

use gatectl::sandbox::Response;
use serde_json::json;

use super::*;

/// What a plan results in when one of its requests goes wrong.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reading {
    /// Nothing is lost.
    Whole,
    /// Nothing is lost, after a wait that is shown.
    Waits,
    /// What the answer was about is unknown, or a note says that it is, in these words; and the exit code.
    Unknown(Exit, &'static str),
}

/// What an apply results in when one of its writes goes wrong.
#[derive(Debug, Clone, Copy)]
pub(super) enum Writing {
    /// It converges, and nothing is sent twice.
    Once,
    /// It converges: reading shows that the write did not happen, so it is sent again.
    Again,
    /// It converges, after a wait that is shown.
    Waits,
    /// It does not converge, and says so in these words; and the exit code.
    Fails(Exit, &'static str),
}

/// A fault, and what it results in.
pub(super) struct Row {
    pub(super) name: &'static str,
    /// Rebuilt for each case, as that service says it; what requests it hits is added there.
    pub(super) fault: fn(Api) -> Fault,
    pub(super) reach: Reach,
    pub(super) reading: Reading,
    pub(super) writing: Writing,
    /// The service that refuses like this; none: any of them.
    pub(super) only: Option<Api>,
}

/// Which requests a fault hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// One.
    Once,
    /// That one, whenever it is sent again.
    Always,
    /// That one, and all that follow to the same service.
    Onward,
}

type Faults<'a> = &'a [(&'static str, fn(Api) -> Fault)];

/// Faults with one outcome.
fn rows_of(reach: Reach, reading: Reading, writing: Writing, faults: Faults<'_>) -> Vec<Row> {
    faults.iter().map(|(name, fault)| Row { name, fault: *fault, reach, reading, writing, only: None }).collect()
}

/// What only one service says.
fn of(api: Api, rows: Vec<Row>) -> Vec<Row> {
    rows.into_iter().map(|row| Row { only: Some(api), ..row }).collect()
}

/// A refusal in the form of the service that it comes from, with Heroku's word for it.
fn refusal(api: Api, status: u16, id: &str, message: &str) -> Response {
    match api {
        Api::GitHub => Response::github_error(status, message),
        Api::Heroku => Response::heroku_error(status, id, message),
    }
}

/// Heroku's word for a failure of its own.
const ITS_FAULT: &str = "internal_server_error";

/// The rows for which every request is tried.
pub(super) fn rows() -> Vec<Row> {
    use Exit::{Credentials, Error};
    use Reach::{Always, Once, Onward};
    use Reading::{Unknown, Waits, Whole};
    use Writing::{Again, Fails};
    let fails = |exit, words| (Unknown(exit, words), Fails(exit, words));

    let mut rows = rows_of(
        Once,
        Whole,
        Again,
        &[
            ("connection reset before the request takes effect", |_| Fault::new(Effect::Reset)),
            ("server hangs before the request takes effect", |_| Fault::new(Effect::Hang)),
            ("500 before the request takes effect", |api| Fault::before(refusal(api, 500, ITS_FAULT, "Server Error"))),
            ("502 as HTML", |_| Fault::before(Response::html(502, "<h1>Bad Gateway</h1>"))),
        ],
    );
    rows.extend(rows_of(
        Once,
        Whole,
        Writing::Once,
        &[
            ("connection reset after it takes effect", |_| Fault::new(Effect::Reset).late()),
            ("server hangs after it takes effect", |_| Fault::new(Effect::Hang).late()),
            ("502 after it takes effect (lost response)", |api| Fault::after(refusal(api, 502, ITS_FAULT, "Server Error"))),
            ("response trickles in slower than the timeout", |_| Fault::new(Effect::Drip(1, Duration::from_millis(1500)))),
            ("response cut short", |_| Fault::new(Effect::Truncate(3))),
        ],
    ));
    rows.extend(rows_of(
        Always,
        Unknown(Error, ""),
        Writing::Once,
        &[
            ("200 with a page that is not JSON", |_| Fault::after(Response::html(200, "<h1>Sign in</h1>"))),
            ("200 with JSON of another shape", |_| Fault::after(Response::json(200, &json!(7)))),
            ("response larger than the limit", |_| Fault::after(Response::html(200, &"x".repeat(300_000)))),
        ],
    ));
    let (reading, writing) = fails(Error, "no complete response");
    rows.extend(rows_of(Always, reading, writing, &[("connection reset each time", |_| Fault::new(Effect::Reset))]));
    let (reading, writing) = fails(Error, "timed out");
    rows.extend(rows_of(Always, reading, writing, &[("server hangs each time", |_| Fault::new(Effect::Hang))]));
    let cut: Faults<'_> = &[("response cut short each time", |_| Fault::new(Effect::Truncate(3)))];
    rows.extend(rows_of(Always, Unknown(Error, "no complete response"), Writing::Once, cut));
    let (reading, writing) = fails(Error, "502");
    rows.extend(rows_of(Always, reading, writing, &[("502 each time", |_| Fault::before(Response::html(502, "<h1>Bad Gateway</h1>")))]));
    rows.extend(of(
        Api::GitHub,
        rows_of(
            Once,
            Waits,
            Writing::Waits,
            &[
                ("429, primary rate limit", |_| Fault::before(Response::primary_limit(429, 1))),
                ("403, primary rate limit", |_| Fault::before(Response::primary_limit(403, 1))),
                ("429, secondary rate limit, `Retry-After`", |_| Fault::before(Response::secondary_limit(429, Some(1)))),
                ("403, secondary rate limit, `Retry-After`", |_| Fault::before(Response::secondary_limit(403, Some(1)))),
            ],
        ),
    ));
    let limit: Faults<'_> = &[("Heroku's 429, its pool is empty", |_| Fault::before(Response::heroku_limit()))];
    rows.extend(of(Api::Heroku, rows_of(Once, Waits, Writing::Waits, limit)));
    let (reading, writing) = fails(Error, "try again after");
    rows.extend(of(
        Api::GitHub,
        rows_of(
            Onward,
            reading,
            writing,
            &[
                ("primary rate limit beyond `--timeout`", |_| Fault::before(Response::primary_limit(403, 3600))),
                ("429, secondary rate limit without a time, beyond `--timeout`", |_| Fault::before(Response::secondary_limit(429, None))),
                ("403, secondary rate limit without a time, beyond `--timeout`", |_| Fault::before(Response::secondary_limit(403, None))),
            ],
        ),
    ));
    let beyond: Faults<'_> = &[("Heroku's 429 each time, beyond `--timeout`", |_| Fault::before(Response::heroku_limit()))];
    rows.extend(of(Api::Heroku, rows_of(Onward, reading, writing, beyond)));
    let (reading, writing) = fails(Credentials, "401");
    rows.extend(rows_of(
        Onward,
        reading,
        writing,
        &[("401 from some request on", |api| Fault::before(refusal(api, 401, "unauthorized", "Bad credentials")))],
    ));
    let (reading, writing) = fails(Credentials, "Administration: write");
    rows.extend(of(
        Api::GitHub,
        rows_of(Always, reading, writing, &[("403 for a missing permission (`X-Accepted-GitHub-Permissions`)", forbidden)]),
    ));
    let (reading, writing) = fails(Credentials, "https://github.com/orgs/acme/sso");
    rows.extend(of(Api::GitHub, rows_of(Always, reading, writing, &[("403 for single sign-on (`X-GitHub-SSO`)", single_sign_on)])));
    let (reading, writing) = fails(Credentials, "403");
    let no_access: Faults<'_> = &[("Heroku's 403, no access to the app", |_| {
        Fault::before(Response::heroku_error(403, "forbidden", "You do not have access to the app shop-prod."))
    })];
    rows.extend(of(Api::Heroku, rows_of(Always, reading, writing, no_access)));
    let (reading, writing) = fails(Error, "");
    rows.extend(rows_of(Always, reading, writing, &[("404", |api| Fault::before(refusal(api, 404, "not_found", "Not Found")))]));
    let (reading, writing) = fails(Error, "409");
    rows.extend(rows_of(Always, reading, writing, &[("409", |api| Fault::before(refusal(api, 409, "conflict", "Conflict")))]));
    let (reading, writing) = fails(Error, "422");
    rows.extend(rows_of(
        Always,
        reading,
        writing,
        &[("422 that is not about the billing plan", |api| Fault::before(refusal(api, 422, "invalid_params", "Invalid request.")))],
    ));
    let (reading, writing) = fails(Error, "301");
    rows.extend(rows_of(Always, reading, writing, &[("301 to another place", moved)]));
    rows
}

fn forbidden(_: Api) -> Fault {
    let response = Response::github_error(403, "Resource not accessible by personal access token");
    Fault::before(response.with("x-accepted-github-permissions", "administration=write"))
}

fn single_sign_on(_: Api) -> Fault {
    let response = Response::github_error(403, "Resource protected by organization SAML enforcement.");
    Fault::before(response.with("x-github-sso", "required; url=https://github.com/orgs/acme/sso"))
}

fn moved(_: Api) -> Fault {
    Fault::before(Response::github_error(301, "Moved Permanently").with("location", "https://api.github.com/repositories/1296"))
}

pub(super) fn in_words(reading: Reading) -> String {
    match reading {
        Reading::Whole => "retried; nothing is lost".to_owned(),
        Reading::Waits => "the wait is shown and honored; nothing is lost".to_owned(),
        Reading::Unknown(exit, "try again after") => format!("unknown, with the time to try again; exit {}", exit.code()),
        Reading::Unknown(exit, _) => format!("unknown, with its cause and next step; nothing is planned for it; exit {}", exit.code()),
    }
}

pub(super) fn written_in_words(writing: Writing) -> String {
    match writing {
        Writing::Once => "a read shows that it happened; converges, sent once".to_owned(),
        Writing::Again => "a read shows that it did not happen; sent again; converges".to_owned(),
        Writing::Waits => "the wait is shown and honored; converges".to_owned(),
        Writing::Fails(exit, "try again after") => {
            format!("that step fails, with the time to try again; exit {}; the next apply converges", exit.code())
        }
        Writing::Fails(exit, _) => format!("that step fails and says why; exit {}; the next apply converges", exit.code()),
    }
}
