//! Start tags one by one, for files of which neither the text nor the tree is wanted.

use std::io::{self, Read};

use super::{Record, Records, Token, refused};

/// A cursor over all start tags of a file, whatever their name and depth.
pub(crate) struct Tags<R>(Records<R>);

impl<R: Read> Tags<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self(Records::new(reader, &[]))
    }

    /// Moves to the next start tag, as an element without content; `None` at the end of the file.
    ///
    /// A file that ends with elements open gives one more record, which is malformed.
    ///
    /// # Errors
    /// As those of [`Records::next`].
    pub(crate) fn next(&mut self) -> io::Result<Option<Record>> {
        while let Some(token) = self.0.token()? {
            match token {
                Token::Start | Token::Empty => return Ok(Some(self.tag(token))),
                Token::End => self.0.depth = self.0.depth.saturating_sub(1),
                Token::Definition => return Err(refused()),
                Token::Text | Token::Other => {}
            }
        }
        Ok(self.0.cut_short())
    }

    fn tag(&mut self, token: Token) -> Record {
        let mut raw = self.0.token.clone();
        let closed = raw.ends_with(b">");
        if token == Token::Start {
            self.0.depth += 1;
            if closed {
                raw.pop();
                raw.extend_from_slice(b"/>");
            }
        }
        Record::new(self.0.token_line, raw, closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(xml: &str) -> Vec<(u64, Result<String, &'static str>)> {
        let mut tags = Tags::new(xml.as_bytes());
        let mut found = Vec::new();
        while let Some(tag) = tags.next().unwrap() {
            let value = tag.element.map(|element| {
                format!("{} {}", element.name, element.attribute("V").unwrap_or_default())
            });
            found.push((tag.line, value));
        }
        found
    }

    #[test]
    fn every_start_tag_comes_in_order() {
        let xml =
            "<?xml version='1.0'?>\n<n:a xmlns:n='x' V='1'>\n<b V='&gt;'/>text<!-- <c/> --></n:a>";
        assert_eq!(tags(xml), [(2, Ok("a 1".to_owned())), (3, Ok("b >".to_owned()))]);
    }

    #[test]
    fn a_file_cut_short_says_so() {
        assert_eq!(tags("<a><b V='1'").last(), Some(&(1, Err("malformed"))));
        assert_eq!(tags("<a><b V='1'/>").last(), Some(&(1, Err("malformed"))));
    }

    #[test]
    fn a_document_type_is_refused() {
        assert!(Tags::new(b"<!DOCTYPE a><a/>".as_slice()).next().is_err());
    }
}
