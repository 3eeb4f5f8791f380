//! Bytes of a text file as UTF-8, whatever encoding they are in.
//!
//! A file says its encoding by its profile, by a byte-order mark, or not at all: then it is UTF-8
//! if it has any character that only UTF-8 has, and windows-1252 if it has other bytes beyond
//! ASCII and none of those.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, WINDOWS_1252};

/// Stands in for what cannot be decoded: a byte that no UTF-8 has, so that its row is told.
const UNDECODABLE: u8 = 0xFF;
/// Longest UTF-8 sequence, less one byte.
const TAIL: usize = 3;

/// Watches bytes pass and tells their encoding at the end.
#[derive(Debug, Default)]
pub(crate) struct Guess {
    mark: Option<&'static Encoding>,
    started: bool,
    tail: Vec<u8>,
    has_multibyte: bool,
    has_invalid: bool,
}

impl Guess {
    /// Takes the next bytes into account.
    pub(crate) fn watch(&mut self, bytes: &[u8]) {
        if !self.started && !bytes.is_empty() {
            self.started = true;
            self.mark = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
        }
        if self.tail.is_empty() && bytes.is_ascii() {
            return;
        }
        let mut joined = std::mem::take(&mut self.tail);
        joined.extend_from_slice(bytes);
        let mut rest = joined.as_slice();
        loop {
            let valid = Encoding::utf8_valid_up_to(rest);
            let (good, bad) = rest.split_at(valid);
            self.has_multibyte |= !good.is_ascii();
            if bad.len() <= TAIL {
                self.tail = bad.to_vec();
                return;
            }
            self.has_invalid = true;
            rest = bad.get(1..).unwrap_or_default();
        }
    }

    /// Returns the encoding of what passed.
    pub(crate) fn encoding(mut self) -> &'static Encoding {
        self.has_invalid |= !self.tail.is_empty();
        match self.mark {
            Some(encoding) => encoding,
            None if self.has_invalid && !self.has_multibyte => WINDOWS_1252,
            None => UTF_8,
        }
    }
}

/// Passes UTF-8 on as it is, and anything else as UTF-8.
pub(crate) enum Utf8<R> {
    AsIs(R),
    Decoded(Decoded<R>),
}

impl<R: Read> Utf8<R> {
    pub(crate) fn new(inner: R, encoding: &'static Encoding) -> Self {
        if encoding == UTF_8 {
            return Self::AsIs(inner);
        }
        let decoder = encoding.new_decoder_with_bom_removal();
        Self::Decoded(Decoded {
            inner,
            decoder,
            input: Vec::new(),
            output: Vec::new(),
            at: 0,
            ended: false,
        })
    }

    pub(crate) fn into_inner(self) -> R {
        match self {
            Self::AsIs(inner) => inner,
            Self::Decoded(decoded) => decoded.inner,
        }
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::AsIs(inner) => inner.read(buffer),
            Self::Decoded(decoded) => decoded.read(buffer),
        }
    }
}

/// A reader that decodes in steps of 64 KiB.
pub(crate) struct Decoded<R> {
    inner: R,
    decoder: Decoder,
    input: Vec<u8>,
    output: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: Read> Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.output.len() && !self.ended {
            self.refill()?;
        }
        let ready = self.output.get(self.at..).unwrap_or_default();
        let count = ready.len().min(buffer.len());
        buffer[..count].copy_from_slice(&ready[..count]);
        self.at += count;
        Ok(count)
    }

    fn refill(&mut self) -> io::Result<()> {
        self.output.clear();
        self.at = 0;
        self.input.clear();
        (&mut self.inner).take(64 * 1024).read_to_end(&mut self.input)?;
        self.ended = self.input.is_empty();
        let mut rest = self.input.as_slice();
        loop {
            let room = self.decoder.max_utf8_buffer_length_without_replacement(rest.len());
            let start = self.output.len();
            self.output.resize(start + room.unwrap_or(4 * 64 * 1024), 0);
            let space = self.output.get_mut(start..).unwrap_or_default();
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(rest, space, self.ended);
            self.output.truncate(start + written);
            rest = rest.get(read..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => return Ok(()),
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => self.output.push(UNDECODABLE),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{UTF_16BE, UTF_16LE};

    use super::*;

    fn guess(chunks: &[&[u8]]) -> &'static Encoding {
        let mut guess = Guess::default();
        chunks.iter().for_each(|chunk| guess.watch(chunk));
        guess.encoding()
    }

    fn decoded(bytes: &[u8], encoding: &'static Encoding) -> Vec<u8> {
        let mut text = Vec::new();
        Utf8::new(bytes, encoding).read_to_end(&mut text).unwrap();
        text
    }

    #[test]
    fn an_encoding_is_told_from_its_bytes() {
        assert_eq!(guess(&[b"abc"]), UTF_8);
        assert_eq!(guess(&["é".as_bytes()]), UTF_8);
        assert_eq!(guess(&[b"caf\xE9;1\n"]), WINDOWS_1252);
        assert_eq!(guess(&[b"caf", b"\xE9"]), WINDOWS_1252);
        // One bad byte among characters of UTF-8 is a bad row, not another encoding.
        assert_eq!(guess(&["é".as_bytes(), b"\xE9;1 and more"]), UTF_8);
        // A character cut by the end of a chunk is whole.
        assert_eq!(guess(&[b"caf\xC3", b"\xA9"]), UTF_8);
        assert_eq!(guess(&[b"\xFF\xFEa\0"]), UTF_16LE);
        assert_eq!(guess(&[b"\xFE\xFF\0a"]), UTF_16BE);
        assert_eq!(guess(&[]), UTF_8);
    }

    #[test]
    fn what_cannot_be_decoded_is_a_byte_that_no_text_has() {
        assert_eq!(decoded(b"caf\xE9 \x80", WINDOWS_1252), "café €".as_bytes());
        assert_eq!(decoded(b"\xFF\xFEa\0\xE9\0", UTF_16LE), "aé".as_bytes());
        let lone_surrogate = decoded(b"a\0\x00\xD8b\0", UTF_16LE);
        assert!(std::str::from_utf8(&lone_surrogate).is_err());
        assert_eq!(lone_surrogate.first(), Some(&b'a'));
    }
}
