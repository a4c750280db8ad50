//! How each API is addressed: GitHub through octocrab, Heroku straight on the wire.

use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::request::Builder;
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};
use serde_json::Value;
use tower::Service;

use super::Dialect;
use super::pool::{Fault, Pool};

const AGENT: &str = concat!("gatectl/", env!("CARGO_PKG_VERSION"));
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// One API's way of speaking.
pub(super) enum Transport {
    /// Boxed: octocrab starts a task when it is built, so it waits for the first request and its runtime.
    GitHub(Box<OnceLock<Octocrab>>),
    Heroku,
}

impl Transport {
    pub(super) fn new(dialect: Dialect) -> Self {
        match dialect {
            Dialect::GitHub => Self::GitHub(Box::default()),
            Dialect::Heroku => Self::Heroku,
        }
    }

    /// The head of a request. The caller adds what is secret.
    pub(super) fn head(&self, method: &Method, uri: &Uri) -> Builder {
        let builder = Request::builder().method(method).uri(uri).header(USER_AGENT, AGENT);
        match self {
            // octocrab adds X-GitHub-Api-Version itself.
            Self::GitHub(_) => builder.header(ACCEPT, "application/vnd.github+json"),
            Self::Heroku => {
                let builder = builder.header(ACCEPT, "application/vnd.heroku+json; version=3");
                match HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()) {
                    Ok(id) => builder.header(REQUEST_ID, id),
                    Err(_) => builder,
                }
            }
        }
    }

    /// Sends once and reads the whole answer of at most so many bytes, whatever its status.
    pub(super) async fn send(&self, pool: &Pool, max_body: usize, head: Builder, body: Option<&Value>) -> Result<Response<Bytes>, Fault> {
        match self {
            Self::GitHub(octocrab) => {
                let octocrab = octocrab.get_or_init(|| {
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
            Self::Heroku => {
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
