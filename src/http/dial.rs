//! Opens connections, through a proxy if one is set.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::{Builder, Client};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tower::Service;

use super::endpoint::is_loopback;
use super::fault::{BoxError, chain};
use super::traffic::Counters;

/// Which proxy serves which address.
#[derive(Clone)]
pub struct Proxies(Arc<Matcher>);

impl Proxies {
    /// As curl reads `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`. Loopback is never proxied.
    pub fn from_env() -> Self {
        Self(Arc::new(Matcher::from_env()))
    }

    /// No proxy.
    pub fn none() -> Self {
        Self(Arc::new(Matcher::builder().build()))
    }

    /// This one for all but loopback.
    pub fn all(url: &str) -> Self {
        Self(Arc::new(Matcher::builder().all(url.to_owned()).build()))
    }

    /// The proxy's address without its credentials, if one is used for this address.
    pub(super) fn before(&self, url: &str) -> Option<String> {
        let uri: Uri = url.parse().ok()?;
        self.intercept(&uri)?.uri().authority().map(ToString::to_string)
    }

    fn intercept(&self, uri: &Uri) -> Option<Intercept> {
        let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
        if is_loopback(host) { None } else { self.0.intercept(uri) }
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxies")
    }
}

/// Opens TCP connections.
#[derive(Clone)]
pub(super) struct Dial {
    tcp: HttpConnector,
    proxies: Proxies,
    counters: Arc<Counters>,
}

impl Dial {
    pub(super) fn new(proxies: Proxies, timeout: Duration, counters: Arc<Counters>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(timeout));
        Self { tcp, proxies, counters }
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
                // CONNECT over a plain connection would show the proxy's password, so other schemes are not tried.
                Some(proxy) => return Err(format!("proxy: only http:// proxies are supported, not {}", proxy.uri()).into()),
            };
            counters.connected();
            Ok(stream)
        })
    }
}

/// How connections are pooled.
pub(super) fn pool_builder() -> Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(30))
        // After a laptop slept, old connections never answer; HTTP/2 would put every retry on the same one.
        .http2_keep_alive_interval(Duration::from_secs(5))
        .http2_keep_alive_timeout(Duration::from_secs(5));
    builder
}
