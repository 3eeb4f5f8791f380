//! What clients send, read with every length checked: bytes that are no message are an error.

use bytes::{Buf, Bytes};

use super::problem::Problem;

/// Version 3 of the protocol, the one that is spoken.
const MAJOR: u32 = 3;

const SSL: u32 = 80_877_103;
const GSS: u32 = 80_877_104;
const CANCEL: u32 = 80_877_102;

/// What a connection opens with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// Asks for TLS.
    Tls,
    /// Asks for GSS encryption.
    Gss,
    /// Asks to stop the query of another connection.
    Cancel {
        /// The number of that connection.
        process: i32,
        /// What that connection alone was told.
        secret: Bytes,
    },
    /// Begins a session.
    Startup {
        /// The minor version asked for.
        minor: u32,
        /// Names and values: `user`, `database`, settings.
        parameters: Vec<(String, String)>,
    },
}

/// What a client sends once it is in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    Query(String),
    Parse {
        statement: String,
        sql: String,
        types: Vec<u32>,
    },
    Bind(Bind),
    Describe {
        what: What,
        name: String,
    },
    Execute {
        portal: String,
        limit: u32,
    },
    Close {
        what: What,
        name: String,
    },
    Flush,
    Sync,
    Terminate,
    /// Of COPY from a client, which is never begun: passed over, as PostgreSQL does.
    Copy,
}

/// Binds values to the places of a prepared statement.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bind {
    pub(super) portal: String,
    pub(super) statement: String,
    pub(super) parameter_formats: Vec<i16>,
    pub(super) parameters: Vec<Option<Bytes>>,
    pub(super) result_formats: Vec<i16>,
}

/// Which of the two kinds of names is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Statement,
    Portal,
}

/// Reads the first message of a connection, without its length.
///
/// # Errors
/// For bytes that are none, and for other versions of the protocol.
pub(super) fn opening(mut body: Bytes) -> Result<Opening, Problem> {
    let code = body.try_get_u32().map_err(|_| malformed())?;
    match code {
        SSL => return Ok(Opening::Tls),
        GSS => return Ok(Opening::Gss),
        CANCEL => {
            let process = body.try_get_i32().map_err(|_| malformed())?;
            return Ok(Opening::Cancel { process, secret: body });
        }
        _ => {}
    }
    if code >> 16 != MAJOR {
        return Err(Problem::fatal("0A000", "only version 3 of the protocol is spoken here"));
    }
    let mut parameters = Vec::new();
    loop {
        let name = text(&mut body)?;
        if name.is_empty() {
            return Ok(Opening::Startup { minor: code & 0xffff, parameters });
        }
        parameters.push((name, text(&mut body)?));
    }
}

/// Reads the answer to a question for the password.
///
/// # Errors
/// For bytes that are none.
pub(super) fn password(kind: u8, mut body: Bytes) -> Result<String, Problem> {
    if kind == b'p' { text(&mut body) } else { Err(malformed()) }
}

/// Reads one message of the kind that its first byte tells.
///
/// # Errors
/// For bytes that are none.
pub(super) fn message(kind: u8, mut body: Bytes) -> Result<Message, Problem> {
    let body = &mut body;
    Ok(match kind {
        b'Q' => Message::Query(text(body)?),
        b'P' => {
            let (statement, sql) = (text(body)?, text(body)?);
            let types = many(body, |body| body.try_get_u32().ok())?;
            Message::Parse { statement, sql, types }
        }
        b'B' => Message::Bind(Bind {
            portal: text(body)?,
            statement: text(body)?,
            parameter_formats: many(body, |body| body.try_get_i16().ok())?,
            parameters: many(body, value)?,
            result_formats: many(body, |body| body.try_get_i16().ok())?,
        }),
        b'D' => Message::Describe { what: what(body)?, name: text(body)? },
        b'C' => Message::Close { what: what(body)?, name: text(body)? },
        b'E' => {
            let portal = text(body)?;
            let limit = body.try_get_i32().map_err(|_| malformed())?;
            Message::Execute { portal, limit: u32::try_from(limit).unwrap_or(0) }
        }
        b'H' => Message::Flush,
        b'S' => Message::Sync,
        b'X' => Message::Terminate,
        b'd' | b'c' | b'f' => Message::Copy,
        _ => return Err(malformed()),
    })
}

/// Reads a text up to its zero byte.
///
/// # Errors
/// When there is no such byte, or the text is not UTF-8.
pub(super) fn text(body: &mut Bytes) -> Result<String, Problem> {
    let end = body.iter().position(|byte| *byte == 0).ok_or_else(malformed)?;
    let bytes = body.split_to(end);
    body.advance(1);
    let text = std::str::from_utf8(&bytes);
    text.map(str::to_owned).map_err(|_| Problem::error("22021", "the text is not UTF-8"))
}

fn what(body: &mut Bytes) -> Result<What, Problem> {
    match body.try_get_u8() {
        Ok(b'S') => Ok(What::Statement),
        Ok(b'P') => Ok(What::Portal),
        _ => Err(malformed()),
    }
}

/// A value: its length, or -1 for NULL, and its bytes; none when they are not there.
fn value(body: &mut Bytes) -> Option<Option<Bytes>> {
    match body.try_get_i32().ok()? {
        -1 => Some(None),
        length => {
            let length = usize::try_from(length).ok().filter(|length| *length <= body.len())?;
            Some(Some(body.split_to(length)))
        }
    }
}

fn many<T>(body: &mut Bytes, read: impl Fn(&mut Bytes) -> Option<T>) -> Result<Vec<T>, Problem> {
    let count = body.try_get_u16().map_err(|_| malformed())?;
    (0..count).map(|_| read(body).ok_or_else(malformed)).collect()
}

fn malformed() -> Problem {
    Problem::fatal("08P01", "the bytes are no message of the PostgreSQL protocol")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind() -> Vec<u8> {
        let mut body = b"p\0s\0".to_vec();
        body.extend([0, 1, 0, 1]);
        body.extend([0, 2, 0, 0, 0, 1, b'x', 0xff, 0xff, 0xff, 0xff]);
        body.extend([0, 1, 0, 0]);
        body
    }

    #[test]
    fn a_bind_is_read() {
        let expected = Bind {
            portal: "p".to_owned(),
            statement: "s".to_owned(),
            parameter_formats: vec![1],
            parameters: vec![Some(Bytes::from_static(b"x")), None],
            result_formats: vec![0],
        };
        assert_eq!(message(b'B', bind().into()).unwrap(), Message::Bind(expected));
    }

    #[test]
    fn no_bytes_are_too_few_or_too_odd() {
        let startup = b"\0\x03\0\0user\0me\0\0".to_vec();
        for length in 0..startup.len() {
            assert!(opening(startup[..length].to_vec().into()).is_err(), "{length}");
        }
        for kind in 0..=u8::MAX {
            for length in 0..bind().len() {
                drop(message(kind, bind()[..length].to_vec().into()));
                for byte in [0, 0x7f, 0xff] {
                    let mut changed = bind();
                    changed[length] = byte;
                    drop(message(kind, changed.clone().into()));
                    drop(opening(changed.into()));
                }
            }
        }
    }
}
