//! The search of everything that a lake holds for a text, however it is written.

use std::path::{Path, PathBuf};

use parquet::file::reader::{FileReader, SerializedFileReader};

/// Every byte below a folder: the files as they are, and what Parquet files hold, decompressed.
pub(super) struct Searched {
    contents: Vec<(String, Vec<u8>)>,
    pub(super) parquet_count: usize,
}

impl Searched {
    pub(super) fn of(folder: &Path) -> Self {
        let mut searched = Self { contents: Vec::new(), parquet_count: 0 };
        for path in files(folder) {
            let name = path.display().to_string();
            if name.ends_with(".parquet") {
                searched.parquet_count += 1;
                searched.contents.push((format!("{name} pages"), pages(&path)));
            }
            searched.contents.push((name.clone(), name.into_bytes()));
            let bytes = std::fs::read(&path).unwrap();
            searched.contents.push((path.display().to_string(), bytes));
        }
        searched
    }

    /// Where a text is found.
    pub(super) fn places(&self, text: &str) -> Vec<String> {
        let found = self.contents.iter().filter(|(_, bytes)| finds(bytes, text));
        found.map(|(place, _)| place.clone()).collect()
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files
}

/// Data and dictionary pages decompressed, then every value as text (so that no encoding of a
/// page hides one), then metadata and statistics as they are shown.
fn pages(path: &Path) -> Vec<u8> {
    let reader = SerializedFileReader::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut bytes = format!("{:?}", reader.metadata()).into_bytes();
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).unwrap();
        for column in 0..group.num_columns() {
            let mut pages = group.get_column_page_reader(column).unwrap();
            while let Some(page) = pages.get_next_page().unwrap() {
                bytes.extend_from_slice(page.buffer());
            }
            let statistics = group.metadata().column(column).statistics();
            for bound in statistics.into_iter().flat_map(|s| [s.min_bytes_opt(), s.max_bytes_opt()])
            {
                bytes.extend_from_slice(bound.unwrap_or_default());
            }
        }
    }
    for row in reader.get_row_iter(None).unwrap() {
        bytes.extend_from_slice(row.unwrap().to_string().as_bytes());
    }
    bytes
}

/// Whether a text stands in bytes: in UTF-8 or UTF-16, in any case, or in base64.
pub(super) fn finds(bytes: &[u8], text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let folded = bytes.to_ascii_lowercase();
    let utf16 =
        |order: fn(u16) -> [u8; 2]| lower.encode_utf16().flat_map(order).collect::<Vec<_>>();
    let plain = [lower.clone().into_bytes(), utf16(u16::to_le_bytes), utf16(u16::to_be_bytes)];
    plain.iter().any(|needle| holds(&folded, needle))
        || (0..3).any(|skip| holds(bytes, &base64_within(text, skip)))
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// The part of a text's base64 that does not depend on its neighbours, when it begins `skip`
/// bytes into a group of three.
fn base64_within(text: &str, skip: usize) -> Vec<u8> {
    let padded = [vec![0; skip], text.as_bytes().to_vec()].concat();
    let whole = padded.len() / 3 * 4;
    let encoded = base64(&padded).into_bytes();
    encoded[if skip == 0 { 0 } else { 4 }..whole].to_vec()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let number = (0..3).fold(0, |n, at| n << 8 | u32::from(*group.get(at).unwrap_or(&0)));
        for digit in 0..=group.len() {
            text.push(char::from(DIGITS[(number >> (18 - 6 * digit) & 63) as usize]));
        }
    }
    text
}

#[test]
fn the_search_knows_the_encodings() {
    let canary = "Zephyrine-Canari";
    let utf16 =
        |order: fn(u16) -> [u8; 2]| canary.encode_utf16().flat_map(order).collect::<Vec<_>>();
    assert!(finds(format!("x{canary}x").as_bytes(), canary));
    assert!(finds(canary.to_uppercase().as_bytes(), canary));
    assert!(finds(&utf16(u16::to_le_bytes), canary));
    assert!(finds(&utf16(u16::to_be_bytes), canary));
    for before in ["", "x", "xy"] {
        assert!(
            finds(base64(format!("{before}{canary}xyz").as_bytes()).as_bytes(), canary),
            "{before}"
        );
    }
    assert!(!finds(b"Zephyrine Canari", canary));
}
