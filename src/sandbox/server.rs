//! The HTTP server around the worlds.
//!
//! Owns sockets, delivery and the faults of the wire. GitHub and Heroku have a port each; GitHub also answers below
//! `/api/v3`, as an Enterprise Server does. HTTP/1.1, and HTTP/2 for a client that begins with it.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::delivery::{Delivery, Reset, Wire};
use super::faults::{Effect, Moment};
use super::log::{Exchange, Write};
use super::state::State;
use super::wire::{Api, ENTERPRISE_PREFIX, Request, Response, fnv};

/// The largest request body that is read.
const MAX_BODY: usize = 4 << 20;

/// A running emulator; it ends when this is dropped.
#[derive(Debug)]
pub struct Sandbox {
    shared: Arc<Shared>,
    github: String,
    heroku: String,
    not_emulated: mpsc::UnboundedReceiver<String>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    connections: AtomicUsize,
    events: AtomicU64,
    not_emulated: mpsc::UnboundedSender<String>,
}

impl Sandbox {
    /// Serves these worlds on two free ports of 127.0.0.1. Needs a tokio runtime.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(state: State) -> io::Result<Self> {
        Self::start_on(state, 0, 0).await
    }

    /// Serves these worlds on two ports of 127.0.0.1, GitHub's and Heroku's; 0 is any free one. Needs a tokio runtime.
    ///
    /// # Errors
    /// When a port cannot be bound.
    pub async fn start_on(state: State, github: u16, heroku: u16) -> io::Result<Self> {
        let (sender, not_emulated) = mpsc::unbounded_channel();
        let (connections, events) = (AtomicUsize::new(0), AtomicU64::new(0));
        let shared = Arc::new(Shared { state: Mutex::new(state), connections, events, not_emulated: sender });
        let (github, github_task) = listen(Api::GitHub, github, Arc::clone(&shared)).await?;
        let (heroku, heroku_task) = listen(Api::Heroku, heroku, Arc::clone(&shared)).await?;
        Ok(Self { shared, github, heroku, not_emulated, tasks: vec![github_task, heroku_task] })
    }

    /// GitHub's base address: `http://127.0.0.1:PORT`.
    pub fn github_url(&self) -> &str {
        &self.github
    }

    /// The same GitHub as an Enterprise Server shows it: `http://127.0.0.1:PORT/api/v3`.
    pub fn enterprise_url(&self) -> String {
        format!("{}{ENTERPRISE_PREFIX}", self.github)
    }

    /// Heroku's base address: `http://127.0.0.1:PORT`.
    pub fn heroku_url(&self) -> &str {
        &self.heroku
    }

    /// Looks at the worlds or changes them, between two requests. Must not be called from within itself.
    pub fn with<R>(&self, look: impl FnOnce(&mut State) -> R) -> R {
        look(&mut self.shared.state())
    }

    /// Waits for the next request, as `METHOD path`, that the emulator does not know.
    pub async fn not_emulated(&mut self) -> Option<String> {
        self.not_emulated.recv().await
    }

    /// How many connections were opened so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Ends the server and gives back the worlds as they are.
    pub fn stop(self) -> State {
        self.with(|state| state.clone())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Shared {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn event(&self) -> u64 {
        self.events.fetch_add(1, Ordering::SeqCst)
    }
}

async fn listen(api: Api, port: u16, shared: Arc<Shared>) -> io::Result<(String, tokio::task::JoinHandle<()>)> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let base = format!("http://{}", listener.local_addr()?);
    let task = tokio::spawn(accept(api, listener, shared));
    Ok((base, task))
}

/// Connections live in a set of their own, so that they end with the listener.
async fn accept(api: Api, listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else {
                    // Probably out of descriptors: some will be free soon.
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                    continue;
                };
                let _ = stream.set_nodelay(true);
                connections.spawn(serve(api, stream, Arc::clone(&shared)));
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn serve(api: Api, stream: TcpStream, shared: Arc<Shared>) {
    let connection = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
    let reset = Arc::new(AtomicBool::new(false));
    let io = TokioIo::new(Wire { stream, reset: Arc::clone(&reset) });
    let service = service_fn(move |request| {
        let (shared, reset) = (Arc::clone(&shared), Arc::clone(&reset));
        async move { respond(api, connection, request, &shared).await.inspect_err(|Reset| reset.store(true, Ordering::SeqCst)) }
    });
    // The client notices a connection that fails.
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(io, service).await;
}

async fn respond(
    api: Api,
    connection: usize,
    request: hyper::Request<Incoming>,
    shared: &Shared,
) -> Result<hyper::Response<Delivery>, Reset> {
    let arrived = shared.event();
    let request = read(api, request).await.ok_or(Reset)?;
    let (index, latency, effects) = {
        let mut state = shared.state();
        state.log.exchanges.push(exchange(api, connection, &request, arrived));
        (state.log.exchanges.len() - 1, state.latency, faults(&mut state, api, &request))
    };
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let early = interrupt(Moment::Before, &effects).await?;
    let mut response = match early {
        Some(response) => response,
        None => effective(shared, api, &request, index, &effects),
    };
    if let Some(instead) = interrupt(Moment::After, &effects).await? {
        response = instead;
    }
    let mut state = shared.state();
    if response.status == 304 {
        state.log.unchanged += 1;
    }
    if let Some(exchange) = state.log.exchanges.get_mut(index) {
        exchange.status = Some(response.status);
        exchange.response_headers.clone_from(&response.headers);
        exchange.response.clone_from(&response.body);
        exchange.answered = Some(shared.event());
    }
    Ok(deliver(response, &effects))
}

/// Applies the request, and records the state after a write.
fn effective(shared: &Shared, api: Api, request: &Request, index: usize, effects: &[(Moment, Effect)]) -> Response {
    let mut state = shared.state();
    meanwhile(Moment::Before, &mut state, effects);
    let repository = state.named_by(api, request);
    let before = (!request.reads()).then(|| state.snapshot_of(repository.as_deref()));
    let response = state.answer(api, request);
    if response.status == 501 {
        // There may be no receiver.
        let _ = shared.not_emulated.send(format!("{} {}", request.method, request.path));
    }
    if let Some(before) = before {
        let after = state.snapshot_of(repository.as_deref());
        state.log.writes.push(Write { exchange: index, repository, before, after });
    }
    meanwhile(Moment::After, &mut state, effects);
    response
}

fn meanwhile(now: Moment, state: &mut State, effects: &[(Moment, Effect)]) {
    for (moment, effect) in effects {
        if let Effect::Meanwhile(change) = effect
            && *moment == now
        {
            change(state);
        }
    }
}

fn faults(state: &mut State, api: Api, request: &Request) -> Vec<(Moment, Effect)> {
    let mut effects = Vec::new();
    for fault in &mut state.faults {
        if fault.hits(api, request) {
            effects.push((fault.moment, fault.effect.clone()));
        }
    }
    effects
}

/// What happens to the request at this moment, in place of an answer.
async fn interrupt(now: Moment, effects: &[(Moment, Effect)]) -> Result<Option<Response>, Reset> {
    for (_, effect) in effects.iter().filter(|(moment, _)| *moment == now) {
        match effect {
            Effect::Delay(time) => tokio::time::sleep(*time).await,
            Effect::Answer(response) => return Ok(Some(response.clone())),
            Effect::Hang => std::future::pending().await,
            Effect::Reset => return Err(Reset),
            Effect::Drip(..) | Effect::Truncate(_) | Effect::Meanwhile(_) => {}
        }
    }
    Ok(None)
}

async fn read(api: Api, request: hyper::Request<Incoming>) -> Option<Request> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await.ok()?.to_bytes().to_vec();
    let host = head.uri.authority().map(ToString::to_string);
    let host = host.or_else(|| head.headers.get("host").and_then(|host| host.to_str().ok()).map(str::to_owned)).unwrap_or_default();
    let (prefix, path) = match head.uri.path().strip_prefix(ENTERPRISE_PREFIX) {
        Some(rest) if api == Api::GitHub && rest.starts_with('/') => (ENTERPRISE_PREFIX, rest),
        _ => ("", head.uri.path()),
    };
    Some(Request {
        method: head.method.as_str().to_owned(),
        path: path.to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body,
        base: format!("http://{host}{prefix}"),
    })
}

fn exchange(api: Api, connection: usize, request: &Request, arrived: u64) -> Exchange {
    let shown = |name: &::http::HeaderName, value: &::http::HeaderValue| {
        if name == ::http::header::AUTHORIZATION {
            format!("present:{:016x}", fnv(value.as_bytes()))
        } else {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        }
    };
    Exchange {
        api,
        connection,
        method: request.method.clone(),
        path: request.path.clone(),
        query: request.query.clone(),
        headers: request.headers.iter().map(|(name, value)| (name.to_string(), shown(name, value))).collect(),
        body: request.body.clone(),
        status: None,
        response_headers: Vec::new(),
        response: Vec::new(),
        arrived,
        answered: None,
    }
}

fn deliver(response: Response, effects: &[(Moment, Effect)]) -> hyper::Response<Delivery> {
    let mut body = Delivery::whole(Bytes::from(response.body));
    for (_, effect) in effects {
        match effect {
            Effect::Drip(bytes, pause) => (body.piece, body.pause) = ((*bytes).max(1), Some(*pause)),
            Effect::Truncate(bytes) => body.cut = Some(*bytes),
            _ => {}
        }
    }
    let mut answer = hyper::Response::new(body);
    *answer.status_mut() = ::http::StatusCode::from_u16(response.status).unwrap_or(::http::StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in response.headers {
        if let (Ok(name), Ok(value)) = (::http::HeaderName::try_from(name), ::http::HeaderValue::try_from(value)) {
            answer.headers_mut().append(name, value);
        }
    }
    answer
}
