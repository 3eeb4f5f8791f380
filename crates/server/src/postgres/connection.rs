//! A connection: whole messages in, whole messages out, and what may interrupt a statement.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use pgwire::messages::PgWireBackendMessage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::Sleep;
use tokio_rustls::TlsAcceptor;

use crate::tls::{self, Stream};

use super::message::{Message, Opening, message, opening, password};
use super::problem::{Fault, Problem};

/// Longest message, in bytes: the longest SQL text, and room for its parameters.
const LONGEST: usize = 1024 * 1024;

/// Longest first message, in bytes.
const LONGEST_OPENING: usize = 16 * 1024;

/// How much waits to be sent before it is, in bytes.
pub(super) const ENOUGH: usize = 64 * 1024;

/// The bytes of one client.
pub(super) struct Connection {
    stream: Stream,
    /// The address at the other end.
    pub(super) sender: IpAddr,
    read: BytesMut,
    /// What is to be sent; rows are written straight into it.
    pub(super) write: BytesMut,
}

impl Connection {
    pub(super) fn new(stream: Stream, sender: IpAddr) -> Self {
        Self { stream, sender, read: BytesMut::new(), write: BytesMut::new() }
    }

    /// Receives the first message.
    pub(super) async fn opening(&mut self) -> Result<Opening, Fault> {
        let body = self.frame(0, LONGEST_OPENING).await?;
        Ok(opening(body)?)
    }

    /// Receives the next message. What is to be sent goes out first, unless more has come already.
    pub(super) async fn receive(&mut self) -> Result<Message, Fault> {
        if self.read.is_empty() {
            self.flush().await?;
        }
        self.fill(1).await?;
        let kind = self.read[0];
        let body = self.frame(1, LONGEST).await?;
        Ok(message(kind, body)?)
    }

    /// Receives the password that was asked for.
    pub(super) async fn password(&mut self) -> Result<String, Fault> {
        self.flush().await?;
        self.fill(1).await?;
        let kind = self.read[0];
        let body = self.frame(1, LONGEST_OPENING).await?;
        Ok(password(kind, body)?)
    }

    /// Reads a message whose length stands after `head` bytes, and returns what comes after it.
    async fn frame(&mut self, head: usize, longest: usize) -> Result<Bytes, Fault> {
        self.fill(head + 4).await?;
        let length = (&self.read[head..head + 4]).get_u32();
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if !(4..=longest).contains(&length) {
            let reason = format!("a message is from 4 to {longest} bytes long, not {length}");
            return Err(Problem::fatal("08P01", reason).into());
        }
        self.fill(head + length).await?;
        let mut frame = self.read.split_to(head + length).freeze();
        frame.advance(head + 4);
        Ok(frame)
    }

    async fn fill(&mut self, wanted: usize) -> io::Result<()> {
        while self.read.len() < wanted {
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    /// Puts a message among those to be sent.
    pub(super) fn put(&mut self, message: &PgWireBackendMessage) -> io::Result<()> {
        Ok(message.encode(&mut self.write)?)
    }

    /// Whether what travels is encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self.stream, Stream::Right(_))
    }

    /// Goes on within TLS, unless something came before that is not (CVE-2021-23214).
    pub(super) async fn encrypt(self, tls: &TlsAcceptor) -> Result<Self, Fault> {
        match self.stream {
            Stream::Left(stream) if self.read.is_empty() => {
                Ok(Self::new(tls::accept(Some(tls), stream).await?, self.sender))
            }
            _ => Err(Fault::Gone),
        }
    }

    /// Puts one byte among what is to be sent: the answer to a wish for encryption.
    pub(super) async fn put_byte(&mut self, byte: u8) -> io::Result<()> {
        self.write.extend_from_slice(&[byte]);
        self.flush().await
    }

    /// Sends all that is to be sent.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        self.stream.write_all_buf(&mut self.write).await
    }

    /// Sends what is to be sent once it is enough for a packet, as fast as the client reads.
    pub(super) async fn relieve(&mut self, patience: &mut Patience) -> Result<(), Fault> {
        if self.write.len() < ENOUGH {
            return Ok(());
        }
        tokio::select! {
            biased;
            problem = patience.end() => Err(problem.into()),
            sent = self.flush() => Ok(sent?),
        }
    }

    /// Does something for the client, unless it leaves or the patience ends.
    pub(super) async fn during<T>(
        &mut self,
        patience: &mut Patience,
        work: impl Future<Output = T>,
    ) -> Result<T, Fault> {
        tokio::select! {
            biased;
            problem = patience.end() => Err(problem.into()),
            () = self.left() => Err(Fault::Gone),
            done = work => Ok(done),
        }
    }

    /// Completes when the client leaves. What it sends meanwhile is kept, as far as one message.
    async fn left(&mut self) {
        while self.read.len() <= LONGEST {
            match self.stream.read_buf(&mut self.read).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        std::future::pending().await
    }

    /// Sends the rest and says that nothing more comes.
    pub(super) async fn close(&mut self) {
        if self.flush().await.is_ok() {
            // A client that is gone already need not hear it.
            self.stream.shutdown().await.unwrap_or_default();
        }
    }
}

/// How long a statement may go on: until it is cancelled, or its time is over.
pub(super) struct Patience {
    cancelled: Pin<Box<OwnedNotified>>,
    timeout: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    /// Begins a statement of a connection that `cancel` interrupts.
    pub(super) fn new(cancel: &Arc<Notify>, timeout: Option<Duration>) -> Self {
        let sleep = |time| Box::pin(tokio::time::sleep(time));
        let mut cancelled = Box::pin(Arc::clone(cancel).notified_owned());
        // From here on a cancel is heard, also when nothing waits for it just then.
        cancelled.as_mut().enable();
        Self { cancelled, timeout: timeout.map(sleep) }
    }

    /// Gives the next statement of a text a time of its own; a cancel is for the whole text.
    pub(super) fn renew(&mut self, timeout: Option<Duration>) {
        self.timeout = timeout.map(|time| Box::pin(tokio::time::sleep(time)));
    }

    async fn end(&mut self) -> Problem {
        let timeout = async {
            match &mut self.timeout {
                Some(timeout) => timeout.as_mut().await,
                None => std::future::pending().await,
            }
        };
        let reason = tokio::select! {
            () = self.cancelled.as_mut() => "canceling statement due to user request",
            () = timeout => "canceling statement due to statement timeout",
        };
        Problem::error("57014", reason)
    }
}
