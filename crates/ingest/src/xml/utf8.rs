//! The text of a file as UTF-8, whatever its encoding.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Bytes read at a time.
const CHUNK: u64 = 64 * 1024;
/// What stands for bytes that could not be decoded: no UTF-8 text holds it.
pub(super) const UNDECODABLE: u8 = 0xFF;

/// Decodes as it reads; the encoding is that of the byte-order mark, or of the XML declaration.
pub(super) struct Utf8<R> {
    reader: R,
    /// None before the first bytes are read.
    decoder: Option<Decoder>,
    bytes: Vec<u8>,
    decoded: usize,
    text: Vec<u8>,
    length: usize,
    place: usize,
    ended: bool,
}

impl<R: Read> Utf8<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            decoder: None,
            bytes: Vec::new(),
            decoded: 0,
            text: vec![0; 64 * 1024],
            length: 0,
            place: 0,
            ended: false,
        }
    }

    /// Returns the text at hand, reading more when there is none; empty at the end of the file.
    pub(super) fn fill(&mut self) -> io::Result<&[u8]> {
        while self.place == self.length && !self.ended {
            self.decode()?;
        }
        Ok(&self.text[self.place..self.length])
    }

    /// Passes over the first bytes of the text at hand.
    pub(super) fn consume(&mut self, count: usize) {
        self.place = (self.place + count).min(self.length);
    }

    fn decode(&mut self) -> io::Result<()> {
        if self.decoded == self.bytes.len() {
            self.bytes.clear();
            self.decoded = 0;
            self.reader.by_ref().take(CHUNK).read_to_end(&mut self.bytes)?;
        }
        if self.decoder.is_none() {
            let (encoding, mark) = encoding(&self.bytes)?;
            self.decoded = mark;
            self.decoder = Some(encoding.new_decoder_without_bom_handling());
        }
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        let last = self.bytes.is_empty();
        let room = self.text.len() - 1;
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(
            &self.bytes[self.decoded..],
            &mut self.text[..room],
            last,
        );
        self.decoded += read;
        (self.place, self.length) = (0, written);
        match result {
            DecoderResult::InputEmpty => self.ended = last,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => {
                self.text[written] = UNDECODABLE;
                self.length += 1;
            }
        }
        Ok(())
    }
}

/// Tells the encoding from the first bytes, and how many of them are a byte-order mark.
fn encoding(head: &[u8]) -> io::Result<(&'static Encoding, usize)> {
    if let Some(marked) = Encoding::for_bom(head) {
        return Ok(marked);
    }
    match head {
        [b'<', 0, ..] => return Ok((UTF_16LE, 0)),
        [0, b'<', ..] => return Ok((UTF_16BE, 0)),
        _ => {}
    }
    let Some(label) = declared(head) else { return Ok((UTF_8, 0)) };
    let Some(encoding) = Encoding::for_label_no_replacement(label) else {
        let reason = format!("encoding {} is not known", String::from_utf8_lossy(label));
        return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
    };
    // A declaration that reads byte by byte is not in UTF-16, whatever it says.
    Ok((encoding.output_encoding(), 0))
}

/// The encoding named by the XML declaration, as it is written.
fn declared(head: &[u8]) -> Option<&[u8]> {
    let head = head.trim_ascii_start().strip_prefix(b"<?xml")?;
    let declaration = &head[..memchr::memmem::find(head, b"?>")?];
    let name = b"encoding";
    let after = &declaration[memchr::memmem::find(declaration, name)? + name.len()..];
    let value = after.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, value) = value.split_first()?;
    value.split(|byte| byte == quote).next()
}
