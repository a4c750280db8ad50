//! How an answer is sent: whole, in pieces, cut short, or with a reset.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Bytes, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The connection is to be reset.
#[derive(Debug)]
pub(super) struct Reset;

impl std::fmt::Display for Reset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("reset by the sandbox")
    }
}

impl std::error::Error for Reset {}

/// A body that can arrive slowly, and end before its announced length.
pub(super) struct Delivery {
    rest: Bytes,
    announced: u64,
    /// How many bytes are sent at once.
    pub(super) piece: usize,
    /// How long to wait before each piece.
    pub(super) pause: Option<Duration>,
    /// After how many bytes the connection breaks.
    pub(super) cut: Option<usize>,
    sleep: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Delivery {
    pub(super) fn whole(rest: Bytes) -> Self {
        let announced = rest.len() as u64;
        Self { rest, announced, piece: usize::MAX, pause: None, cut: None, sleep: None }
    }
}

impl hyper::body::Body for Delivery {
    type Data = Bytes;
    type Error = Reset;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Reset>>> {
        // The bytes so far must be flushed before the connection breaks.
        let pause = if self.cut == Some(0) { Some(Duration::from_millis(10)) } else { self.pause };
        if let Some(pause) = pause {
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
            if sleep.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.sleep = None;
        }
        if self.cut == Some(0) {
            return Poll::Ready(Some(Err(Reset)));
        }
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.piece.min(self.rest.len()).min(self.cut.unwrap_or(usize::MAX));
        let piece = self.rest.split_to(length);
        self.cut = self.cut.map(|cut| cut - length);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.announced == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}

/// A socket that can close with a reset.
pub(super) struct Wire {
    pub(super) stream: TcpStream,
    pub(super) reset: Arc<AtomicBool>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.reset.load(Ordering::SeqCst) {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reset.load(Ordering::SeqCst) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
