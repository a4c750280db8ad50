//! Builds and executes the requests to an API: through octocrab, or on the connection pool alone.

use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::request::Builder;
use http::{Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};
use serde_json::Value;
use tower::Service;

use super::api::{Api, ClientKind, RequestIds};
use super::fault::Fault;
use super::pool::Pool;

const AGENT: &str = concat!("gatectl/", env!("CARGO_PKG_VERSION"));

/// How the requests to one API are built and sent.
pub(super) struct Transport {
    api: &'static Api,
    /// Boxed: octocrab starts a task when it is built, so it waits for the first request and its runtime.
    octocrab: Box<OnceLock<Octocrab>>,
}

impl Transport {
    pub(super) fn new(api: &'static Api) -> Self {
        Self { api, octocrab: Box::default() }
    }

    /// The head of a request. The caller adds what is secret.
    pub(super) fn head(&self, method: &Method, uri: &Uri) -> Builder {
        let builder = Request::builder().method(method).uri(uri).header(USER_AGENT, AGENT).header(ACCEPT, self.api.accept);
        match self.api.request_ids {
            RequestIds::OfServer(_) => builder,
            RequestIds::OfClient(header) => builder.header(header, uuid::Uuid::new_v4().to_string()),
        }
    }

    /// Sends once and reads the whole answer of at most this many bytes, regardless of its status.
    pub(super) async fn send(&self, pool: &Pool, max_body: usize, head: Builder, body: Option<&Value>) -> Result<Response<Bytes>, Fault> {
        match self.api.client {
            ClientKind::Octocrab => {
                let octocrab = self.octocrab.get_or_init(|| {
                    let service = OctocrabBuilder::new_empty().with_service(PoolService(pool.clone(), max_body));
                    // Its error type has no value, so this pattern always holds.
                    let Ok(octocrab) = service.with_auth(AuthState::None).build();
                    octocrab
                });
                let request = octocrab.build_request(head, body).map_err(|error| Fault::NotSent(error.to_string()))?;
                let (head, body) = octocrab.execute(request).await.map_err(fault)?.into_parts();
                let body = body.collect().await.map_err(fault)?;
                Ok(Response::from_parts(head, body.to_bytes()))
            }
            ClientKind::Plain => {
                let request = match body {
                    Some(body) => head.header(CONTENT_TYPE, "application/json").body(Bytes::from(body.to_string())),
                    None => head.body(Bytes::new()),
                };
                pool.send(request.map_err(|error| Fault::NotSent(error.to_string()))?, max_body).await
            }
        }
    }
}

/// Takes our own fault back out of octocrab's error.
fn fault(error: octocrab::Error) -> Fault {
    match error {
        octocrab::Error::Service { source, .. } => match source.downcast::<Fault>() {
            Ok(fault) => *fault,
            Err(other) => Fault::Lost(other.to_string()),
        },
        other => Fault::Lost(other.to_string()),
    }
}

/// The wire, and the most it takes, as the service that octocrab sends through.
#[derive(Clone)]
struct PoolService(Pool, usize);

impl Service<Request<OctoBody>> for PoolService {
    type Response = Response<Full<Bytes>>;
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Fault>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<OctoBody>) -> Self::Future {
        let Self(pool, max_body) = self.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map_err(|error| Fault::NotSent(error.to_string()))?.to_bytes();
            Ok(pool.send(Request::from_parts(head, body), max_body).await?.map(Full::new))
        })
    }
}
