//! What one record says, as a tree. JSON is read into the same tree, by `json::tree`.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// Elements nested deeper than this are refused.
pub(crate) const MAX_DEPTH: usize = 64;
/// Elements and attributes of one record.
pub(crate) const MAX_PARTS: usize = 256 * 1024;
/// Attributes of one element; each is compared with those before it.
const MAX_ATTRIBUTES: usize = 256;

/// One element. Names are local, without prefix: `actes:Date` is `Date`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Element {
    /// Its local name.
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
    text: String,
    /// The elements in it, in order.
    pub(crate) children: Vec<Self>,
}

impl Element {
    pub(crate) fn new(name: String, text: String, children: Vec<Self>) -> Self {
        Self { name, attributes: Vec::new(), text, children }
    }

    /// Returns the value of an attribute, trimmed; empty is none.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let (_, value) = self.attributes.iter().find(|(own, _)| own == name)?;
        filled(value)
    }

    /// Returns the first child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Returns all children of that name, in order.
    pub(crate) fn children(&self, name: &str) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Returns the element at the end of a path of first children; itself for an empty path.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// Returns its own text, without that of its children, trimmed; empty is none.
    pub(crate) fn text(&self) -> Option<&str> {
        filled(&self.text)
    }

    /// Reads a start tag and counts it in `parts`; `None` when it is not well-formed or one too many.
    fn open(tag: &BytesStart<'_>, parts: &mut usize) -> Option<Self> {
        let mut attributes = Vec::new();
        for (place, attribute) in tag.attributes().enumerate() {
            let attribute = attribute.ok()?;
            if place == MAX_ATTRIBUTES || attribute.value.contains(&b'<') {
                return None;
            }
            let name = local(attribute.key.local_name().as_ref())?;
            attributes.push((name, attribute.unescape_value().ok()?.into_owned()));
        }
        *parts += 1 + attributes.len();
        let name = local(tag.local_name().as_ref()).filter(|_| *parts <= MAX_PARTS)?;
        Some(Self { name, attributes, text: String::new(), children: Vec::new() })
    }
}

/// Parses one element that is the whole text; `None` when it is not well-formed or too large.
pub(super) fn parse(text: &str) -> Option<Element> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut parts = 0;
    loop {
        let closed = match reader.read_event().ok()? {
            Event::Start(tag) => {
                open.push(Element::open(&tag, &mut parts)?);
                None
            }
            Event::Empty(tag) => Some(Element::open(&tag, &mut parts)?),
            Event::End(_) => Some(open.pop()?),
            Event::Text(text) => {
                open.last_mut()?.text.push_str(&text.xml10_content().ok()?);
                None
            }
            Event::CData(text) => {
                open.last_mut()?.text.push_str(&text.xml10_content().ok()?);
                None
            }
            Event::GeneralRef(reference) => {
                push_reference(&mut open.last_mut()?.text, &reference)?;
                None
            }
            Event::Comment(_) | Event::PI(_) => None,
            Event::Decl(_) | Event::DocType(_) | Event::Eof => return None,
        };
        if open.len() > MAX_DEPTH {
            return None;
        }
        match (closed, open.last_mut()) {
            (Some(element), Some(parent)) => parent.children.push(element),
            (Some(element), None) => return Some(element),
            (None, _) => {}
        }
    }
}

/// Appends what a reference stands for: a character, or one of the five predefined entities.
fn push_reference(text: &mut String, reference: &BytesRef<'_>) -> Option<()> {
    match reference.resolve_char_ref().ok()? {
        Some(control) if control.is_control() && !control.is_ascii_whitespace() => return None,
        Some(character) => text.push(character),
        None => text.push_str(resolve_predefined_entity(&reference.decode().ok()?)?),
    }
    Some(())
}

fn local(name: &[u8]) -> Option<String> {
    std::str::from_utf8(name).ok().filter(|name| !name.is_empty()).map(str::to_owned)
}

fn filled(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}
