//! Connections that begin in time and end without a reset.
//!
//! Whether a client speaks HTTP/1 or HTTP/2 is known once what it sends is no longer, or wholly, what
//! HTTP/2 begins with. From then on its silence is bounded by the one (30 seconds for the head of a
//! request) or the other (pings), but nobody else bounds it before.
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
use tokio::time::Sleep;
use tonic::transport::server::Connected;

use crate::identify::Sender;
use crate::places::Place;
use crate::tls::Stream;

/// How long a client may take to say which HTTP it speaks.
pub(crate) const OPENING: Duration = Duration::from_secs(30);

/// What HTTP/2 begins with.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long a client may take to receive the rest and to close.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection whose end waits for that of the client.
#[derive(Debug)]
pub(crate) struct Lingering {
    stream: Stream,
    sender: Sender,
    /// What is still to come of the beginning of HTTP/2, if it is that, and until when.
    opening: Option<(&'static [u8], Pin<Box<Sleep>>)>,
    /// When it is closed whatever the client does; set once the last byte is written.
    until: Option<Pin<Box<Sleep>>>,
    /// Its place among the connections at once.
    _place: Place,
}

impl Lingering {
    /// Takes a connection whose client has `patience` to say which HTTP it speaks.
    pub(crate) fn new(stream: Stream, sender: Sender, place: Place, patience: Duration) -> Self {
        let opening = Some((PREFACE, Box::pin(tokio::time::sleep(patience))));
        Self { stream, sender, opening, until: None, _place: place }
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
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let Some((rest, until)) = &mut self.opening else { return polled };
        if polled.is_pending() {
            return until.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()));
        }
        *rest = rest.strip_prefix(&buffer.filled()[before..]).unwrap_or_default();
        if rest.is_empty() {
            self.opening = None;
        }
        polled
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

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::places::Places;

    /// A client, and its connection once it has sent this.
    async fn sent(bytes: &[u8]) -> io::Result<(TcpStream, Lingering)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let mut client = TcpStream::connect(listener.local_addr()?).await?;
        client.write_all(bytes).await?;
        let (stream, peer) = listener.accept().await?;
        let place = Arc::new(Places::default()).take(peer.ip()).expect("a place is free");
        let stream = Stream::Left(stream);
        let mut connection = Lingering::new(stream, Sender(peer.ip()), place, Duration::ZERO);
        connection.read_exact(&mut vec![0; bytes.len()]).await?;
        Ok((client, connection))
    }

    #[tokio::test]
    async fn a_client_says_in_time_which_http_it_speaks() -> io::Result<()> {
        for begun in ["", "P", "PRI * HTTP/2.0\r\n"] {
            let (_client, mut connection) = sent(begun.as_bytes()).await?;
            let ended = connection.read_u8().await.map_err(|error| error.kind());
            assert_eq!(ended, Err(io::ErrorKind::TimedOut), "{begun:?}");
        }
        for begun in [&b"G"[..], b"PUT /", PREFACE] {
            let (_client, connection) = sent(begun).await?;
            assert!(connection.opening.is_none(), "{begun:?}");
        }
        Ok(())
    }
}
