//! What a file is: its layout by its name, its dataset by its first bytes.

use std::io::Read;
use std::path::Path;

use carnac_model::{DATASETS, Dataset, dataset};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use memchr::memchr_iter;

use crate::text::{Guess, Utf8};

/// How the bytes are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    Json,
    Xml,
    /// XLSX or XLS.
    Sheet,
    Parquet,
}

pub(crate) fn format(path: &Path) -> Option<Format> {
    match extension(path.to_str()?).as_str() {
        "csv" => Some(Format::Csv),
        "json" | "geojson" => Some(Format::Json),
        "xml" => Some(Format::Xml),
        "xlsx" | "xls" => Some(Format::Sheet),
        "parquet" => Some(Format::Parquet),
        _ => None,
    }
}

/// The ending of a name without the dot, in lower case; empty when there is none.
pub(crate) fn extension(name: &str) -> String {
    let ending = Path::new(name).extension().and_then(|ending| ending.to_str());
    ending.unwrap_or_default().to_ascii_lowercase()
}

/// Returns whether a name is that of data.
pub(crate) fn is_data(name: &str) -> bool {
    format(Path::new(name)).is_some()
}

pub(crate) fn is_xml(name: &str) -> bool {
    extension(name) == "xml"
}

/// The beginning of a file in UTF-8, and the encoding that it seems to be in.
pub(crate) fn text_of(head: &[u8]) -> (Vec<u8>, &'static Encoding) {
    let mut guess = Guess::default();
    guess.watch(head);
    let (mut text, encoding) = (Vec::new(), guess.encoding());
    let read = Utf8::new(head, encoding).read_to_end(&mut text);
    read.expect("reading from memory cannot fail");
    (text, encoding)
}

/// What to do about a file in UTF-16 that is not read, by its beginning as [`text_of`] gives it;
/// none of other files.
pub(crate) fn too_wide(
    format: Format,
    head: &[u8],
    encoding: &'static Encoding,
) -> Option<&'static str> {
    let is_told = [UTF_16LE, UTF_16BE].contains(&encoding);
    // Of two bytes a character one is zero, in the languages we read.
    let zeros = memchr_iter(0, head).count();
    let seems_so = zeros * 3 > head.len() && zeros * 3 < head.len() * 2;
    match format {
        Format::Csv if seems_so && !is_told => Some(UNMARKED),
        Format::Json if seems_so || is_told => Some("it is in UTF-16: save it as UTF-8"),
        _ => None,
    }
}

const UNMARKED: &str = "it looks like UTF-16 without a byte-order mark: save it as UTF-8, or give a \
                        profile with `encoding = \"utf-16le\"` and without `detect`";

/// The dataset whose words the beginning of a JSON file has.
pub(crate) fn by_words(head: &[u8]) -> Option<&'static Dataset> {
    let words: [(&[&str], &str); 3] = [
        (&["\"marches\""], "contracts"),
        (&["\"typeLiaison\"", "\"modeFinancement\""], "authorities"),
        (&["\"FeatureCollection\"", "\"Feature\""], "outlines"),
    ];
    let (_, name) = words.into_iter().find(|(words, _)| has_any(head, words))?;
    dataset(name)
}

pub(crate) fn has_any(head: &[u8], words: &[&str]) -> bool {
    let text = String::from_utf8_lossy(head);
    words.iter().any(|word| text.contains(word))
}

/// The dataset whose columns a file has: all the required ones, and the most of the others.
pub(crate) fn by_header(header: &[String]) -> Option<&'static Dataset> {
    let has = |name: &str| header.iter().any(|column| *column == name.to_lowercase());
    let fits = |dataset: &&&Dataset| {
        dataset.fields.iter().filter(|field| field.required).all(|field| {
            let siret = field.siren_of.and_then(|siret| dataset.position(siret));
            field.header == "edition"
                || has(field.header)
                || siret.is_some_and(|siret| has(dataset.fields[siret].header))
        })
    };
    let known = |dataset: &&Dataset| dataset.fields.iter().filter(|f| has(f.header)).count();
    // The first of those that fit equally well: `max_by_key` would give the last.
    DATASETS.iter().rev().filter(fits).copied().max_by_key(known)
}

/// The dataset of an XML file, by the local name of its root.
pub(crate) fn by_root(root: &str) -> Option<&'static Dataset> {
    dataset(match root {
        "marches" => "contracts",
        "Acte" | "ARActe" | "AnomalieActe" | "Annulation" | "ARAnnulation"
        | "EnveloppeCLMISILL" => "act_messages",
        "RetourClassification" => "classifications",
        "PES_Aller" | "PES_ACQUIT" => "flows",
        "DocumentBudgetaire" | "CompteFinancierUnique" => "budget_lines",
        _ => return None,
    })
}
