//! A client of the protocol, as bare as it can be: it sends what it is told, and keeps what comes.

use std::collections::BTreeMap;
use std::io::ErrorKind::{BrokenPipe, ConnectionReset};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

/// A connection, past its start.
pub(crate) struct Client {
    stream: TcpStream,
    /// Whom a cancel is for: the number and the secret of the connection.
    key: Vec<u8>,
    /// What the server says of itself.
    pub(crate) told: BTreeMap<String, String>,
}

/// What came up to the next ReadyForQuery.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    /// Names and types of the last columns that were told.
    pub(crate) columns: Vec<(String, u32)>,
    /// The types of parameters that were told.
    pub(crate) parameters: Vec<u32>,
    pub(crate) rows: Vec<Vec<Option<Vec<u8>>>>,
    /// What was done, and `suspended` for a portal that has more.
    pub(crate) tags: Vec<String>,
    pub(crate) copied: Vec<u8>,
    /// The SQLSTATE and the text of what failed.
    pub(crate) error: Option<(String, String)>,
    /// `I` outside a transaction, `T` in one, `E` in one that failed; none when the server left.
    pub(crate) status: Option<char>,
}

impl Reply {
    /// The rows as text.
    pub(crate) fn texts(&self) -> Vec<Vec<Option<&str>>> {
        assert_eq!(self.error, None);
        self.rows
            .iter()
            .map(|row| row.iter().map(|value| text(value.as_deref())).collect())
            .collect()
    }

    /// The one value.
    pub(crate) fn value(&self) -> &str {
        match self.texts()[..] {
            [ref row] if row.len() == 1 => row[0].unwrap(),
            _ => panic!("{self:?} is not one value"),
        }
    }

    /// The SQLSTATE of what failed.
    pub(crate) fn code(&self) -> &str {
        self.error.as_ref().map_or_else(|| panic!("{self:?} did not fail"), |error| &error.0)
    }
}

fn text(value: Option<&[u8]>) -> Option<&str> {
    value.map(|bytes| std::str::from_utf8(bytes).unwrap())
}

impl Client {
    /// Connects with settings, without a token; returns what came too.
    pub(crate) fn connect(address: SocketAddr, settings: &[(&str, &str)]) -> (Self, Reply) {
        let mut client = Self::open(address, &[&[("user", "anonymous")], settings].concat());
        let reply = client.reply();
        (client, reply)
    }

    /// Connects as a user who is asked for a password; returns what came too.
    pub(crate) fn connect_by(address: SocketAddr, password: &str) -> (Self, Reply) {
        let mut client = Self::open(address, &[("user", "me")]);
        assert_eq!(client.receive(), Some((b'R', vec![0, 0, 0, 3])));
        client.send(b'p', &[password.as_bytes(), &[0]].concat());
        let reply = client.reply();
        (client, reply)
    }

    fn open(address: SocketAddr, parameters: &[(&str, &str)]) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut client = Self { stream, key: Vec::new(), told: BTreeMap::new() };
        let mut body = 0x0003_0000_u32.to_be_bytes().to_vec();
        for text in parameters.iter().flat_map(|(name, value)| [name, value]) {
            body.extend(text.as_bytes());
            body.push(0);
        }
        body.push(0);
        client.send_bare(&body);
        client
    }

    fn send_bare(&mut self, body: &[u8]) {
        self.write(&[], body);
    }

    /// Sends a message.
    pub(crate) fn send(&mut self, kind: u8, body: &[u8]) {
        self.write(&[kind], body);
    }

    fn write(&mut self, kind: &[u8], body: &[u8]) {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        match self.stream.write_all(&[kind, &length[..], body].concat()) {
            // The server left after its first answer to what came before: that answer is read.
            Err(gone) if matches!(gone.kind(), BrokenPipe | ConnectionReset) => {}
            sent => sent.unwrap(),
        }
    }

    /// Asks in the simple protocol.
    pub(crate) fn simple(&mut self, sql: &str) -> Reply {
        self.send(b'Q', &[sql.as_bytes(), &[0]].concat());
        self.reply()
    }

    /// Prepares a nameless statement, with the types of its parameters, and has it described.
    pub(crate) fn prepare(&mut self, sql: &str, types: &[u32]) {
        let mut body = [&[0], sql.as_bytes(), &[0]].concat();
        body.extend(u16::try_from(types.len()).unwrap().to_be_bytes());
        types.iter().for_each(|of| body.extend(of.to_be_bytes()));
        self.send(b'P', &body);
        self.send(b'D', b"S\0");
    }

    /// Binds a portal of that name: all values in one format, 0 for text and 1 for binary.
    pub(crate) fn bind(&mut self, portal: &str, values: &[Option<&[u8]>], format: u16) {
        let mut body = [portal.as_bytes(), &[0, 0, 0, 1]].concat();
        body.extend(format.to_be_bytes());
        body.extend(u16::try_from(values.len()).unwrap().to_be_bytes());
        for value in values {
            let length = value.map_or(-1, |value| i32::try_from(value.len()).unwrap());
            body.extend(length.to_be_bytes());
            body.extend(value.unwrap_or_default());
        }
        body.extend([0, 1]);
        body.extend(format.to_be_bytes());
        self.send(b'B', &body);
    }

    /// Has a portal executed, at most `limit` rows of it if that is not 0.
    pub(crate) fn execute(&mut self, portal: &str, limit: u32) {
        self.send(b'E', &[portal.as_bytes(), &[0], &limit.to_be_bytes()].concat());
    }

    /// Ends a request and returns what came.
    pub(crate) fn sync(&mut self) -> Reply {
        self.send(b'S', b"");
        self.reply()
    }

    /// Asks in the extended protocol.
    pub(crate) fn extended(
        &mut self,
        sql: &str,
        types: &[u32],
        values: &[Option<&[u8]>],
        format: u16,
    ) -> Reply {
        self.prepare(sql, types);
        self.bind("", values, format);
        self.execute("", 0);
        self.sync()
    }

    /// Asks that what runs here be stopped, on a connection of its own.
    pub(crate) fn cancel(&self) {
        let mut other = TcpStream::connect(self.stream.peer_addr().unwrap()).unwrap();
        let body = [&80_877_102_u32.to_be_bytes()[..], &self.key].concat();
        let length = u32::try_from(body.len() + 4).unwrap();
        other.write_all(&[&length.to_be_bytes()[..], &body].concat()).unwrap();
        // The server closes it once it has acted.
        other.read_to_end(&mut Vec::new()).unwrap_or_default();
    }

    /// Leaves without a word.
    pub(crate) fn leave(self) {
        self.stream.shutdown(Shutdown::Both).unwrap();
    }

    /// Receives one message; none when the server left.
    pub(crate) fn receive(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut head = [0; 5];
        self.stream.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let mut body = vec![0; usize::try_from(length).unwrap() - 4];
        self.stream.read_exact(&mut body).ok()?;
        Some((head[0], body))
    }

    /// Receives all that comes up to the next ReadyForQuery.
    pub(crate) fn reply(&mut self) -> Reply {
        let mut reply = Reply::default();
        while let Some((kind, body)) = self.receive() {
            let mut body = Body(&body);
            match kind {
                b'S' => drop(self.told.insert(body.text(), body.text())),
                b'K' => self.key = body.0.to_vec(),
                b'T' => {
                    let column = |body: &mut Body<'_>| {
                        let name = body.text();
                        body.take(6);
                        let of = body.u32();
                        body.take(8);
                        (name, of)
                    };
                    reply.columns = (0..body.u16()).map(|_| column(&mut body)).collect();
                }
                b't' => reply.parameters = (0..body.u16()).map(|_| body.u32()).collect(),
                b'D' => reply.rows.push((0..body.u16()).map(|_| body.value()).collect()),
                b'C' => reply.tags.push(body.text()),
                b's' => reply.tags.push("suspended".to_owned()),
                b'I' => reply.tags.push("empty".to_owned()),
                b'd' => reply.copied.extend(body.0),
                b'E' => reply.error = Some(body.error()),
                b'Z' => {
                    reply.status = Some(char::from(body.0[0]));
                    return reply;
                }
                _ => {}
            }
        }
        reply
    }
}

/// What is left of a message.
struct Body<'b>(&'b [u8]);

impl Body<'_> {
    fn take(&mut self, length: usize) -> &[u8] {
        let (first, rest) = self.0.split_at(length);
        self.0 = rest;
        first
    }

    fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.take(2).try_into().unwrap())
    }

    fn u32(&mut self) -> u32 {
        u32::from_be_bytes(self.take(4).try_into().unwrap())
    }

    fn text(&mut self) -> String {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap();
        let text = String::from_utf8(self.take(end).to_vec()).unwrap();
        self.take(1);
        text
    }

    fn value(&mut self) -> Option<Vec<u8>> {
        let length = self.u32();
        (length != u32::MAX).then(|| self.take(usize::try_from(length).unwrap()).to_vec())
    }

    fn error(&mut self) -> (String, String) {
        let mut fields = BTreeMap::new();
        while self.0[0] != 0 {
            let kind = self.take(1)[0];
            fields.insert(kind, self.text());
        }
        (fields[&b'C'].clone(), fields[&b'M'].clone())
    }
}
