//! Every request, every answer, and the state after every write.

use std::collections::BTreeMap;

use serde_json::Value;

use super::state::Environment;
use super::wire::Api;

/// Everything that happened, in order of arrival.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// Every request with its answer.
    pub exchanges: Vec<Exchange>,
    /// Every request that could write, with the worlds before and after it; also refused and failed ones.
    pub writes: Vec<Write>,
    /// How many requests were answered without costing any rate limit: 304s.
    pub unchanged: u32,
}

impl Log {
    /// The exchanges that could write: all except GET and HEAD.
    pub fn write_requests(&self) -> impl Iterator<Item = &Exchange> {
        self.exchanges.iter().filter(|exchange| !exchange.reads())
    }

    /// `METHOD path` of every exchange, for comparing and for messages.
    pub fn calls(&self) -> Vec<String> {
        self.exchanges.iter().map(|exchange| format!("{} {}", exchange.method, exchange.path)).collect()
    }

    /// The longest chain of requests of which each arrived only after the one before was answered: the depth in round trips.
    ///
    /// Use some latency, or an answer may be sent before a concurrent request arrives.
    pub fn depth(&self) -> usize {
        let mut chain: Vec<(u64, usize)> = Vec::new();
        for exchange in &self.exchanges {
            let before = chain.iter().filter(|(answered, _)| *answered < exchange.arrived).map(|(_, depth)| *depth).max();
            chain.push((exchange.answered.unwrap_or(u64::MAX), before.unwrap_or(0) + 1));
        }
        chain.into_iter().map(|(_, depth)| depth).max().unwrap_or(0)
    }

    /// Every state in which writes found and left one environment (`OWNER/REPO/NAME`), oldest first; none is absent.
    pub fn history(&self, gate: &str) -> Vec<Option<&Environment>> {
        let mut states: Vec<Option<&Environment>> = Vec::new();
        let about = |write: &&Write| write.repository.as_ref().is_none_or(|repository| belongs(gate, repository));
        for snapshot in self.writes.iter().filter(about).flat_map(|write| [&write.before, &write.after]) {
            let state = snapshot.gates.get(gate);
            if states.last() != Some(&state) {
                states.push(state);
            }
        }
        states
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Whether a gate (`OWNER/REPO/NAME`) is one of this repository.
fn belongs(gate: &str, repository: &str) -> bool {
    gate.strip_prefix(repository).is_some_and(|rest| rest.starts_with('/'))
}

/// One request and its answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Which service.
    pub api: Api,
    /// Which connection, counted from 1.
    pub connection: usize,
    /// The method.
    pub method: String,
    /// The raw path below the service's base.
    pub path: String,
    /// The raw query.
    pub query: String,
    /// Request headers; the token is replaced by a fingerprint.
    pub headers: Vec<(String, String)>,
    /// The request's body.
    pub body: Vec<u8>,
    /// The status; none when no answer was given.
    pub status: Option<u16>,
    /// Headers of the answer.
    pub response_headers: Vec<(String, String)>,
    /// The body of the answer, whole, also when a fault cut it.
    pub response: Vec<u8>,
    /// A count of events at which the request arrived.
    pub arrived: u64,
    /// A count of events at which it was answered.
    pub answered: Option<u64>,
}

impl Exchange {
    /// Whether the request only reads.
    pub fn reads(&self) -> bool {
        self.method == "GET" || self.method == "HEAD"
    }

    /// The value of a request header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The request's body as JSON, when it is.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// One request that could write.
#[derive(Debug, Clone)]
pub struct Write {
    /// Its place in [`Log::exchanges`].
    pub exchange: usize,
    /// The only repository whose gates the two snapshots hold, if there are many; `None` means all of them.
    pub repository: Option<String>,
    /// The worlds just before.
    pub before: Snapshot,
    /// The worlds just after.
    pub after: Snapshot,
}

/// All gates and all config vars at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// `OWNER/REPO/NAME` to the environment.
    pub gates: BTreeMap<String, Environment>,
    /// App to its config vars.
    pub config: BTreeMap<String, BTreeMap<String, String>>,
}
