//! Where an object of JSON ends, told without parsing it.

use crate::MAX_RECORD;

/// Watches the bytes of one object pass.
pub(super) struct Scan {
    /// Brackets that are open, as many as a record has bytes, and how many there are in those.
    open: Vec<u8>,
    deeper: usize,
    in_string: bool,
    escaped: bool,
    /// Whether the line has had only blanks so far.
    fresh_line: bool,
    /// Last byte outside strings that is no blank.
    before: u8,
}

impl Scan {
    /// Starts behind the first brace.
    pub(super) fn new() -> Self {
        Self {
            open: vec![b'{'],
            deeper: 0,
            in_string: false,
            escaped: false,
            fresh_line: false,
            before: b'{',
        }
    }

    /// Returns whether the object is closed.
    pub(super) fn is_over(&self) -> bool {
        self.open.is_empty()
    }

    /// Returns whether `byte` cannot be of this object, which then breaks off before it: a brace
    /// where no object can stand, one that begins a line inside a string (no string holds a line
    /// feed), or a bracket that closes what is not open.
    pub(super) fn is_foreign(&self, byte: u8) -> bool {
        if self.in_string {
            return self.fresh_line && byte == b'{';
        }
        let innermost = self.open.last().filter(|_| self.deeper == 0);
        match (byte, innermost) {
            (b'{', Some(b'{')) => self.before != b':',
            (b'}', Some(b'[')) | (b']', Some(b'{')) => true,
            _ => false,
        }
    }

    /// Takes the next byte of the object into account.
    pub(super) fn pass(&mut self, byte: u8) {
        self.fresh_line = byte == b'\n' || (self.fresh_line && byte.is_ascii_whitespace());
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_string => self.escaped = true,
            b'"' => self.in_string = !self.in_string,
            b'{' | b'[' if !self.in_string && self.open.len() < MAX_RECORD => self.open.push(byte),
            b'{' | b'[' if !self.in_string => self.deeper += 1,
            b'}' | b']' if !self.in_string && self.deeper > 0 => self.deeper -= 1,
            b'}' | b']' if !self.in_string => drop(self.open.pop()),
            _ => {}
        }
        if !self.in_string && !byte.is_ascii_whitespace() {
            self.before = byte;
        }
    }
}
