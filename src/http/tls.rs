//! TLS, and HTTP/2 if the server offers it.

use std::collections::HashMap;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use http::uri::Authority;
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::Connection;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tower::Service;

use super::dial::{Dial, pool_builder};
use super::fault::{BoxError, Fault, chain, fault};

type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

/// A pool for servers behind TLS.
///
/// Only a connection tells whether its server speaks HTTP/2. Were a wave of requests to start without knowing, each would open
/// its own; so the first connection to a server is made alone, and the answer picks the pool that it and all others go through.
pub(super) struct Tls {
    connector: HttpsConnector<Dial>,
    speaks_http2: Mutex<HashMap<Authority, Arc<OnceCell<bool>>>>,
    first: First,
    http1: Client<FirstConnection, Full<Bytes>>,
    http2: Client<FirstConnection, Full<Bytes>>,
}

impl Tls {
    /// Loads the roots of trust, which takes milliseconds.
    ///
    /// # Errors
    /// When the system has no roots of trust.
    pub(super) fn new(dial: Dial, roots: Option<&RootCertStore>) -> Result<Self, Fault> {
        let config = config(roots).map_err(|error| Fault::NotSent(format!("no usable TLS certificates: {error}")))?;
        let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_only().enable_all_versions().wrap_connector(dial);
        let first = First::default();
        let connections = FirstConnection { connector: connector.clone(), first: first.clone() };
        let (http1, http2) = (pool_builder().build(connections.clone()), pool_builder().http2_only(true).build(connections));
        Ok(Self { connector, speaks_http2: Mutex::default(), first, http1, http2 })
    }

    pub(super) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Fault> {
        let client = if self.speaks_http2(request.uri()).await? { &self.http2 } else { &self.http1 };
        client.request(request).await.map_err(|error| fault(&error))
    }

    async fn speaks_http2(&self, uri: &Uri) -> Result<bool, Fault> {
        let Some(authority) = uri.authority() else { return Ok(false) };
        let known = {
            let mut servers = self.speaks_http2.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(servers.entry(authority.clone()).or_default())
        };
        let connect = async || {
            let stream = self.connector.clone().call(uri.clone()).await.map_err(|error| Fault::NotSent(chain(error.as_ref())))?;
            let http2 = stream.connected().is_negotiated_h2();
            self.first.keep(authority.clone(), stream);
            Ok(http2)
        };
        known.get_or_try_init(connect).await.copied()
    }
}

fn config(roots: Option<&RootCertStore>) -> Result<ClientConfig, BoxError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = match roots {
        Some(roots) => builder.with_root_certificates(roots.clone()),
        None => builder.with_root_certificates(system_roots()?),
    };
    Ok(builder.with_no_client_auth())
}

/// Where Linux distributions keep all roots in one file.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The system's roots. The folder next to a bundle has the same certificates in hundreds of files, so the bundle alone is read;
/// `SSL_CERT_FILE` and `SSL_CERT_DIR` say otherwise.
fn system_roots() -> Result<RootCertStore, BoxError> {
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|name| std::env::var_os(name).is_some());
    let bundle = BUNDLES.iter().map(Path::new).find(|path| cfg!(target_os = "linux") && !named && path.is_file());
    let bundle = bundle.map(|path| rustls_native_certs::load_certs_from_paths(Some(path), None));
    let loaded = bundle.filter(|loaded| !loaded.certs.is_empty()).unwrap_or_else(rustls_native_certs::load_native_certs);
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(loaded.certs);
    match loaded.errors.into_iter().next() {
        Some(error) if usable == 0 => Err(error.into()),
        None if usable == 0 => Err("the system has no root certificates".into()),
        _ => Ok(roots),
    }
}

/// First connections, until a pool takes them over.
#[derive(Clone, Default)]
struct First(Arc<Mutex<HashMap<Authority, Stream>>>);

impl First {
    fn keep(&self, authority: Authority, stream: Stream) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(authority, stream);
    }

    fn take(&self, uri: &Uri) -> Option<Stream> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(uri.authority()?)
    }
}

/// Hands a pool the first connection if there is one, else a new one.
#[derive(Clone)]
struct FirstConnection {
    connector: HttpsConnector<Dial>,
    first: First,
}

impl Service<Uri> for FirstConnection {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        match self.first.take(&uri) {
            Some(stream) => Box::pin(std::future::ready(Ok(stream))),
            None => self.connector.call(uri),
        }
    }
}
