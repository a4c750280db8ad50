//! One attempt on the network: a pool of connections, and bounded answers.

use std::sync::Arc;

use http::{Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;

use super::dial::{Dial, pool_builder};
use super::fault::{Fault, chain, fault};
use super::tls::Tls;

/// Connections to any number of servers.
#[derive(Clone)]
pub(super) enum Pool {
    /// Plain http, for loopback.
    Plain(Arc<Client<Dial, Full<Bytes>>>),
    /// Everything else.
    Tls(Arc<Tls>),
}

impl Pool {
    /// Builds a pool for plain http.
    pub(super) fn plain(dial: Dial) -> Self {
        Self::Plain(Arc::new(pool_builder().build(dial)))
    }

    /// Sends once and reads the whole answer of at most this many bytes. Follows no redirect.
    pub(super) async fn send(&self, request: Request<Bytes>, max_body: usize) -> Result<Response<Bytes>, Fault> {
        let request = request.map(Full::new);
        let response = match self {
            Self::Plain(client) => client.request(request).await.map_err(|error| fault(&error))?,
            Self::Tls(tls) => tls.send(request).await?,
        };
        let (head, body) = response.into_parts();
        match Limited::new(body, max_body).collect().await {
            Ok(body) => Ok(Response::from_parts(head, body.to_bytes())),
            Err(error) if error.is::<LengthLimitError>() => Err(Fault::TooLarge(max_body)),
            Err(error) => Err(Fault::Lost(chain(error.as_ref()))),
        }
    }
}
