//! Bytes of a text file as UTF-8, whatever encoding they are in.
//!
//! A file says its encoding by its profile, by a byte-order mark, or not at all: then it is UTF-8
//! if it has any character that only UTF-8 has, and windows-1252 if it has other bytes beyond
//! ASCII and none of those.

use std::io::{self, Read};
use std::ops::Range;

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, WINDOWS_1252};

/// Stands in for what cannot be decoded: a byte that no UTF-8 has, so that its row is told.
const UNDECODABLE: u8 = 0xFF;
/// Bytes decoded at a time.
const STEP: usize = 64 * 1024;
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

/// Tells an encoding from the first bytes of a text, up to 64 KiB.
type Tell = fn(&[u8]) -> io::Result<&'static Encoding>;

impl<R: Read> Utf8<R> {
    pub(crate) fn new(inner: R, encoding: &'static Encoding) -> Self {
        if encoding == UTF_8 {
            return Self::AsIs(inner);
        }
        Self::Decoded(Decoded::new(inner, Told::Is(encoding)))
    }

    /// Reads a text that says its own encoding, of which a byte-order mark is no part.
    pub(crate) fn told(inner: R, tell: Tell) -> Self {
        Self::Decoded(Decoded::new(inner, Told::By(tell)))
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
    encoding: Told,
    /// None before the first bytes are read.
    decoder: Option<Decoder>,
    input: Vec<u8>,
    /// Bytes of the input that are decoded.
    decoded: usize,
    output: Vec<u8>,
    /// The part of the output that is still to be passed on.
    ready: Range<usize>,
    ended: bool,
}

#[derive(Clone, Copy)]
enum Told {
    Is(&'static Encoding),
    By(Tell),
}

impl<R: Read> Decoded<R> {
    fn new(inner: R, encoding: Told) -> Self {
        Self {
            inner,
            encoding,
            decoder: None,
            input: Vec::new(),
            decoded: 0,
            output: vec![0; STEP],
            ready: 0..0,
            ended: false,
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() && !self.ended {
            self.refill()?;
        }
        let ready = self.output.get(self.ready.clone()).unwrap_or_default();
        let count = ready.len().min(buffer.len());
        buffer[..count].copy_from_slice(&ready[..count]);
        self.ready.start += count;
        Ok(count)
    }

    /// Decodes up to the end of the input, the end of the room, or what cannot be decoded.
    fn refill(&mut self) -> io::Result<()> {
        if self.decoded == self.input.len() {
            self.input.clear();
            self.decoded = 0;
            (&mut self.inner).take(STEP as u64).read_to_end(&mut self.input)?;
        }
        let decoder = match &mut self.decoder {
            Some(decoder) => decoder,
            None => {
                let encoding = match self.encoding {
                    Told::Is(encoding) => encoding,
                    Told::By(tell) => tell(&self.input)?,
                };
                self.decoder.insert(encoding.new_decoder_with_bom_removal())
            }
        };
        let last = self.input.is_empty();
        let rest = self.input.get(self.decoded..).unwrap_or_default();
        let room = &mut self.output[..STEP - 1];
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(rest, room, last);
        self.decoded += read;
        self.ready = 0..written;
        match result {
            DecoderResult::InputEmpty => self.ended = last,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => {
                self.output[written] = UNDECODABLE;
                self.ready.end += 1;
            }
        }
        Ok(())
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

    #[test]
    fn long_texts_are_decoded_whole() {
        let odd: Vec<u8> = b"\xE9\x80a".repeat(STEP);
        assert_eq!(decoded(&odd, WINDOWS_1252), "é€a".repeat(STEP).as_bytes());
        let bad = decoded(&b"\x00\xD8".repeat(STEP), UTF_16LE);
        assert_eq!(bad, [UNDECODABLE].repeat(STEP));
    }
}
