//! GitHub's objects as JSON, with every key that its API description requires.
//!
//! Addresses in bodies point at the server itself, as those of GitHub Enterprise Server do: a client that follows one stays in
//! the emulator, with its token.
//! Tested in `sandbox/tests/`.

mod gate;
mod git;
mod people;
mod pull;
mod repository;
mod run;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::sandbox::state::People;
use crate::sandbox::switches::Switches;

pub(super) use git::{blob_sha, tree_sha, wrapped};
pub(super) use repository::permissions;
pub(super) use run::workflow_id;

/// The creation date of everything without its own date.
const LONG_AGO: &str = "2020-01-01T00:00:00Z";

/// Makes the objects of one answer: it knows who exists, and where the caller sees this server.
#[derive(Clone, Copy)]
pub(super) struct Shapes<'a> {
    pub(super) people: &'a People,
    pub(super) switches: &'a Switches,
    /// The address of the API.
    pub(super) api: &'a str,
    /// The address of the pages.
    pub(super) web: &'a str,
}

impl<'a> Shapes<'a> {
    /// This server's name, without a port.
    fn host(self) -> &'a str {
        let host = self.web.split_once("://").map_or(self.web, |(_, host)| host);
        host.split(':').next().unwrap_or(host)
    }
}

pub(super) fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(super) fn node(kind: &str, id: u64) -> String {
    format!("{kind}_{}", STANDARD_NO_PAD.encode(id.to_be_bytes()))
}

/// All that is not unreserved is encoded.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// A path keeps its slashes.
const PATH: &AsciiSet = &SEGMENT.remove(b'/');

fn encoded(name: &str) -> String {
    utf8_percent_encode(name, SEGMENT).to_string()
}

/// A path with each of its segments encoded.
pub(super) fn encoded_path(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}

/// The value with more keys; both are objects.
fn and(mut value: Value, more: Value) -> Value {
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    value
}
