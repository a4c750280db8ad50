//! One attempt on the network: connections, TLS, proxies and bounded bodies.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::{Builder, Client};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tower::Service;

use super::endpoint::is_loopback;
use super::traffic::Counters;

type BoxError = Box<dyn Error + Send + Sync>;

/// Why an attempt has no complete answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// No byte of the request left: no connection.
    NotSent(String),
    /// The request may have arrived; its answer did not, or not whole.
    Lost(String),
    /// The answer is larger than this many bytes.
    TooLarge(usize),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(why) => write!(f, "cannot connect: {why}"),
            Self::Lost(why) => write!(f, "no complete answer: {why}"),
            Self::TooLarge(limit) => write!(f, "the answer is larger than {limit} bytes"),
        }
    }
}

impl Error for Fault {}

/// Which proxy serves which address.
#[derive(Clone)]
pub struct Proxies(Arc<Matcher>);

impl Proxies {
    /// As curl reads `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`. Loopback is never proxied.
    #[must_use]
    pub fn from_env() -> Self {
        Self(Arc::new(Matcher::from_env()))
    }

    /// None at all.
    #[must_use]
    pub fn none() -> Self {
        Self(Arc::new(Matcher::builder().build()))
    }

    /// This one for all but loopback.
    #[must_use]
    pub fn all(url: &str) -> Self {
        Self(Arc::new(Matcher::builder().all(url.to_owned()).build()))
    }

    /// The proxy's address without its credentials, when one stands before this address.
    pub(super) fn before(&self, url: &str) -> Option<String> {
        let uri: Uri = url.parse().ok()?;
        self.intercept(&uri)?.uri().authority().map(ToString::to_string)
    }

    fn intercept(&self, uri: &Uri) -> Option<hyper_util::client::proxy::matcher::Intercept> {
        let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
        if is_loopback(host) { None } else { self.0.intercept(uri) }
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxies")
    }
}

/// What a wire is made of.
pub(super) struct Parts<'a> {
    pub(super) proxies: &'a Proxies,
    pub(super) roots: Option<&'a RootCertStore>,
    pub(super) connect_timeout: Duration,
    pub(super) max_body: usize,
    pub(super) counters: &'a Arc<Counters>,
}

/// A pool of connections.
#[derive(Clone)]
pub(super) struct Wire {
    client: Pool,
    max_body: usize,
}

#[derive(Clone)]
enum Pool {
    Plain(Client<Dial, Full<Bytes>>),
    Tls(Client<HttpsConnector<Dial>, Full<Bytes>>),
}

impl Wire {
    /// Plain http, for loopback.
    pub(super) fn plain(parts: &Parts<'_>) -> Self {
        Self { client: Pool::Plain(pool().build(Dial::new(parts))), max_body: parts.max_body }
    }

    /// TLS with HTTP/2 where offered. Loads the roots of trust, which takes milliseconds.
    ///
    /// # Errors
    /// When the system has no roots of trust.
    pub(super) fn tls(parts: &Parts<'_>) -> Result<Self, Fault> {
        let config = tls_config(parts.roots).map_err(|error| Fault::NotSent(format!("no usable TLS certificates: {error}")))?;
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(config).https_only().enable_all_versions().wrap_connector(Dial::new(parts));
        Ok(Self { client: Pool::Tls(pool().build(connector)), max_body: parts.max_body })
    }

    /// Sends once and reads the whole answer. Follows no redirect.
    pub(super) async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Fault> {
        let request = request.map(Full::new);
        let answer = match &self.client {
            Pool::Plain(client) => client.request(request).await,
            Pool::Tls(client) => client.request(request).await,
        };
        let response = answer.map_err(|error| {
            let why = chain(&error);
            if error.is_connect() { Fault::NotSent(why) } else { Fault::Lost(why) }
        })?;
        let (head, body) = response.into_parts();
        match Limited::new(body, self.max_body).collect().await {
            Ok(body) => Ok(Response::from_parts(head, body.to_bytes())),
            Err(error) if error.is::<LengthLimitError>() => Err(Fault::TooLarge(self.max_body)),
            Err(error) => Err(Fault::Lost(chain(error.as_ref()))),
        }
    }
}

fn pool() -> Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(30))
        // A laptop that slept leaves connections behind that never answer; HTTP/2 would put every retry on the same one.
        .http2_keep_alive_interval(Duration::from_secs(5))
        .http2_keep_alive_timeout(Duration::from_secs(5));
    builder
}

fn tls_config(roots: Option<&RootCertStore>) -> Result<ClientConfig, BoxError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = match roots {
        Some(roots) => builder.with_root_certificates(roots.clone()),
        None => builder.with_native_roots()?,
    };
    Ok(builder.with_no_client_auth())
}

/// Opens TCP connections, through a proxy where one is set.
#[derive(Clone)]
struct Dial {
    tcp: HttpConnector,
    proxies: Proxies,
    counters: Arc<Counters>,
}

impl Dial {
    fn new(parts: &Parts<'_>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(parts.connect_timeout));
        Self { tcp, proxies: parts.proxies.clone(), counters: Arc::clone(parts.counters) }
    }
}

impl Service<Uri> for Dial {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let counters = Arc::clone(&self.counters);
        let mut tcp = self.tcp.clone();
        let proxy = self.proxies.intercept(&uri);
        Box::pin(async move {
            let stream = match proxy {
                None => tcp.call(uri).await?,
                Some(proxy) if proxy.uri().scheme_str() == Some("http") => {
                    let mut tunnel = Tunnel::new(proxy.uri().clone(), tcp);
                    if let Some(auth) = proxy.basic_auth() {
                        tunnel = tunnel.with_auth(auth.clone());
                    }
                    tunnel.call(uri).await.map_err(|error| format!("proxy: {}", chain(&error)))?
                }
                // CONNECT over a plain connection would show the proxy's password, so other schemes are not even tried.
                Some(proxy) => return Err(format!("proxy: only http:// proxies are supported, not {}", proxy.uri()).into()),
            };
            counters.connected();
            Ok(stream)
        })
    }
}

/// An error with its causes, each said once.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    super::answer::bounded(&text, 500)
}
