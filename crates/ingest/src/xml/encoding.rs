//! Which encoding an XML file says it is in.

use std::io;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Tells the encoding from the first bytes: the byte-order mark, then the declaration.
///
/// # Errors
/// When the declaration names an encoding that is not known.
pub(super) fn encoding(head: &[u8]) -> io::Result<&'static Encoding> {
    if let Some((marked, _)) = Encoding::for_bom(head) {
        return Ok(marked);
    }
    match head {
        [b'<', 0, ..] => return Ok(UTF_16LE),
        [0, b'<', ..] => return Ok(UTF_16BE),
        _ => {}
    }
    let Some(label) = declared(head) else { return Ok(UTF_8) };
    let Some(encoding) = Encoding::for_label_no_replacement(label) else {
        let reason = format!("encoding {} is not known", String::from_utf8_lossy(label));
        return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
    };
    // A declaration that reads byte by byte is not in UTF-16, whatever it says.
    Ok(encoding.output_encoding())
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
