//! Connections that end without a reset.
//!
//! A socket that is closed while bytes wait in it unread resets its connection, and the client
//! loses what it had not received yet (RFC 1122, 4.2.2.13). HTTP/2 clients send to the last, for
//! they acknowledge what they read: so once the last byte is written, what still comes is read
//! until the client closes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Sleep;
use tonic::transport::server::Connected;

use crate::identify::Sender;
use crate::tls::Stream;

/// How long a client may take to receive the rest and to close.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection whose end waits for that of the client.
#[derive(Debug)]
pub(crate) struct Lingering {
    stream: Stream,
    sender: Sender,
    /// When it is closed whatever the client does; set once the last byte is written.
    until: Option<Pin<Box<Sleep>>>,
    /// Its place among the connections at once.
    _place: OwnedSemaphorePermit,
}

impl Lingering {
    pub(crate) fn new(stream: Stream, sender: Sender, place: OwnedSemaphorePermit) -> Self {
        Self { stream, sender, until: None, _place: place }
    }
}

impl Connected for Lingering {
    type ConnectInfo = Sender;

    fn connect_info(&self) -> Sender {
        self.sender
    }
}

impl AsyncRead for Lingering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.until.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.until = Some(Box::pin(tokio::time::sleep(PATIENCE)));
        }
        let mut unread = [0; 4096];
        loop {
            let mut buffer = ReadBuf::new(&mut unread);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                // The client closed, or is gone.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => break,
            }
        }
        match &mut self.until {
            Some(until) => until.as_mut().poll(cx).map(Ok),
            None => Poll::Pending,
        }
    }
}
