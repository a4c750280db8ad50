//! A server that does to each request what the test says, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

/// What happens to one request.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// These bytes, then on with the connection.
    Say(String),
    /// These bytes, then the end of the connection.
    Cut(String),
    /// Nothing, for ever.
    Hang,
    /// These bytes, one at a time, slowly.
    Drip(String),
}

impl Act {
    pub(super) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        Self::Say(format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len()))
    }

    pub(super) fn json(status: u16, body: &str) -> Self {
        Self::answer(status, &[("content-type", "application/json")], body)
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    requests: Arc<Mutex<Vec<String>>>,
    acts: Arc<Mutex<VecDeque<Act>>>,
}

impl Log {
    /// Head and body of each request, in the order of arrival.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// The next act; the last one stays.
    fn next(&self) -> Act {
        let mut acts = self.acts.lock().unwrap();
        if acts.len() > 1 { acts.pop_front().unwrap() } else { acts.front().cloned().unwrap() }
    }

    /// Serves one connection until an act ends it.
    pub(super) async fn serve(self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        while let Some(request) = read_request(&mut stream).await {
            self.requests.lock().unwrap().push(request);
            let done = match self.next() {
                Act::Say(bytes) => stream.write_all(bytes.as_bytes()).await.is_err(),
                Act::Cut(bytes) => {
                    let _ = stream.write_all(bytes.as_bytes()).await;
                    true
                }
                Act::Hang => std::future::pending().await,
                Act::Drip(bytes) => {
                    for byte in bytes.as_bytes() {
                        if stream.write_all(&[*byte]).await.is_err() {
                            break;
                        }
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    true
                }
            };
            if done {
                let _ = stream.shutdown().await;
                return;
            }
        }
    }
}

/// Starts a plain server that plays these acts; gives its address and its memory.
pub(super) async fn start(acts: impl IntoIterator<Item = Act>) -> (String, Log) {
    let (listener, address, log) = listen(acts).await;
    let memory = log.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(log.clone().serve(stream));
        }
    });
    (format!("http://{address}"), memory)
}

pub(super) async fn listen(acts: impl IntoIterator<Item = Act>) -> (TcpListener, std::net::SocketAddr, Log) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let log = Log { requests: Arc::default(), acts: Arc::new(Mutex::new(acts.into_iter().collect())) };
    (listener, address, log)
}

pub(super) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).await.ok()? == 0 {
            return None;
        }
        request.push(byte[0]);
    }
    let mut head = String::from_utf8(request).unwrap();
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    head.push_str(&String::from_utf8(body).unwrap());
    Some(head)
}
