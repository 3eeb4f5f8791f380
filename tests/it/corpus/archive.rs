//! Archives that would fill the disk, leave their folder, or are not whole.

use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{Hostile, RENNES};
use crate::support::acts;

fn act(id: &str) -> Vec<u8> {
    acts(&[(id, RENNES, "2025-01-01")]).into_bytes()
}

pub(super) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn zip_link() -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink("a.csv", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    writer.finish().unwrap().into_inner()
}

pub(super) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// One member of a tar: a header of 512 bytes, and the content in blocks of as many.
fn entry(name: &str, kind: u8, size: &str, content: &[u8]) -> Vec<u8> {
    let mut header = [0; 512];
    let mut put =
        |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000644");
    put(124, size);
    put(136, "00000000000");
    put(148, "        ");
    put(257, "ustar\u{0}00");
    header[156] = kind;
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let padding = vec![0; content.len().next_multiple_of(512) - content.len()];
    [header.as_slice(), content, &padding].concat()
}

fn file(name: &str, content: &[u8]) -> Vec<u8> {
    entry(name, b'0', &format!("{:011o}", content.len()), content)
}

/// Entries, and the two blocks of zeros that end a tar.
fn tar(entries: &[Vec<u8>]) -> Vec<u8> {
    [entries.concat(), vec![0; 1024]].concat()
}

/// Puts `new` wherever `old` stands, which is as long.
fn patched(mut bytes: Vec<u8>, old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let places: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(old)).collect();
    assert!(!places.is_empty());
    places.into_iter().for_each(|at| bytes[at..at + new.len()].copy_from_slice(new));
    bytes
}

/// A member that is listed a hundred times under as many names, as the bomb without nesting is.
fn overlapping() -> Vec<u8> {
    let one = zip(&[("00.csv", &vec![b'0'; 1 << 20])]);
    let list = one.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    let end = one.windows(4).position(|bytes| bytes == b"PK\x05\x06").unwrap();
    let (local, listed) = (&one[..list], &one[list..end]);
    let listed: Vec<u8> = (0..100)
        .flat_map(|n| patched(listed.to_vec(), b"00.csv", format!("{n:02}.csv").as_bytes()))
        .collect();
    let mut tail = one[end..].to_vec();
    tail[8..10].copy_from_slice(&100_u16.to_le_bytes());
    tail[10..12].copy_from_slice(&100_u16.to_le_bytes());
    tail[12..16].copy_from_slice(&u32::try_from(listed.len()).unwrap().to_le_bytes());
    [local, &listed, &tail].concat()
}

pub(super) fn files() -> Vec<Hostile> {
    [zips(), gzips(), tars(), damaged_tars()].into_iter().flatten().collect()
}

fn zips() -> Vec<Hostile> {
    let named = |name: &str| zip(&[(name, &act("hors"))]);
    let whole = zip(&[("a.csv", &act("z1"))]);
    let cut = whole[..whole.len() - 10].to_vec();
    let nested = zip(&[("in.zip", &zip(&[("in.zip", &whole)]))]);
    let many: Vec<_> = (0..10_001).map(|n| format!("{n}.csv")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
    vec![
        Hostile::refused(
            "acts/bomb.zip",
            zip(&[("a.csv", &vec![b'0'; 17 << 20])]),
            "would become more than",
        ),
        Hostile::refused("acts/bomb-overlapping.zip", overlapping(), "unpack"),
        Hostile::refused("acts/bomb-nested.zip", nested, "is itself an archive"),
        Hostile::rows(
            "acts/nested.zip",
            zip(&[("a.csv", &act("z2")), ("in.csv.gz", &gzip(&act("z3")))]),
            1,
            &[],
        )
        .but("is itself an archive"),
        Hostile::refused("acts/many.zip", zip(&many), "more than 10000 files"),
        Hostile::refused("acts/climbs.zip", named("../../bonne.csv"), "not a relative path"),
        Hostile::refused("acts/climbs-within.zip", named("a/../../b.csv"), "not a relative path"),
        Hostile::refused("acts/absolute.zip", named("/tmp/a.csv"), "not a relative path"),
        Hostile::refused("acts/backslash.zip", named("..\\a.csv"), "not a relative path"),
        Hostile::refused("acts/drive.zip", named("C:a.csv"), "not a relative path"),
        Hostile::refused(
            "acts/long-name.zip",
            named(&format!("{}.csv", "x".repeat(2000))),
            "too long",
        ),
        Hostile::refused("acts/link.zip", zip_link(), "link"),
        Hostile::refused(
            "acts/twice.zip",
            patched(zip(&[("1.csv", &act("z4")), ("2.csv", &act("z5"))]), b"2.csv", b"1.csv"),
            "twice",
        ),
        Hostile::refused("acts/cut.zip", cut, "unpack"),
        Hostile::refused("acts/text.zip", act("z6"), "unpack"),
        Hostile::refused("acts/nothing.zip", zip(&[]), "none of its 0 members"),
        Hostile::refused(
            "acts/altered.zip",
            patched(stored(&act("z7")), b"z7;", b"z8;"),
            "hecksum",
        ),
        Hostile::refused(
            "acts/locked.zip",
            patched(whole, b"\x14\0\0\0", b"\x14\0\x01\0"),
            "encrypted",
        ),
        Hostile::refused(
            "acts/folder-of-one.zip",
            zip(&[("a/", b""), ("photo.jpg", b"x")]),
            "none of its",
        ),
        Hostile::rows("acts/office.csv", zip(&[("a.csv", &act("z9"))]), 1, &[]),
    ]
}

/// A ZIP of one member that is not compressed.
fn stored(content: &[u8]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    writer.start_file("a.csv", options).unwrap();
    writer.write_all(content).unwrap();
    writer.finish().unwrap().into_inner()
}

fn gzips() -> Vec<Hostile> {
    let whole = gzip(&act("g1"));
    let cut = whole[..whole.len() - 9].to_vec();
    let mut altered = whole.clone();
    let crc = altered.len() - 8;
    altered[crc] ^= 1;
    let second = format!("g3;{RENNES};1;7.10;2025-01-01;;4;0\n");
    let rows = [gzip(&act("g2")), gzip(second.as_bytes())].concat();
    vec![
        Hostile::rows("acts/joined.csv.gz", rows, 2, &[]),
        Hostile::refused("acts/cut.csv.gz", cut, "unpack"),
        Hostile::refused("acts/altered.csv.gz", altered, "unpack"),
        Hostile::refused("acts/trailing.csv.gz", [whole, b"garbage".to_vec()].concat(), "unpack"),
        Hostile::refused("acts/bomb.csv.gz", gzip(&vec![b'0'; 17 << 20]), "would become more than"),
        Hostile::refused("acts/twice.csv.gz", gzip(&gzip(&act("g4"))), "is itself an archive"),
        Hostile::refused("acts/text.csv.gz", act("g5"), "unpack"),
        Hostile::refused("acts/nothing.csv.gz", "", "unpack"),
    ]
}

/// A header that gives the next file attributes.
fn pax(text: &str) -> Vec<u8> {
    entry("pax", b'x', &format!("{:011o}", text.len()), text.as_bytes())
}

/// An attribute, behind its length, which counts its own digits.
fn attribute(name: &str, value: &str) -> String {
    let rest = format!(" {name}={value}\n");
    let length = (rest.len()..).find(|length| length.to_string().len() + rest.len() == *length);
    format!("{}{rest}", length.unwrap())
}

fn tars() -> Vec<Hostile> {
    let named = |name: &str| tar(&[file(name, &act("hors"))]);
    let linked = |kind| {
        let mut link = entry("a.csv", kind, "00000000000", b"");
        link[157..168].copy_from_slice(b"/etc/passwd");
        let sum: u32 = link[..148].iter().chain(&link[156..]).map(|byte| u32::from(*byte)).sum();
        link[148..156].copy_from_slice(format!("{:06o}\0 ", sum + 8 * 32).as_bytes());
        tar(&[link])
    };
    vec![
        Hostile::rows("acts/whole.tar", tar(&[file("a.csv", &act("t1"))]), 1, &[]),
        Hostile::rows("acts/whole.tgz", gzip(&tar(&[file("a.csv", &act("t2"))])), 1, &[]),
        Hostile::refused("acts/climbs.tar", named("../a.csv"), "not a relative path"),
        Hostile::refused("acts/absolute.tar", named("/tmp/a.csv"), "not a relative path"),
        Hostile::refused(
            "acts/climbs-by-attribute.tar",
            tar(&[pax(&attribute("path", "../../b.csv")), file("a.csv", &act("t4"))]),
            "not a relative path",
        ),
        Hostile::rows(
            "acts/named-by-attribute.tar",
            tar(&[pax(&attribute("path", "b.csv")), file("a.jpg", &act("t10"))]),
            1,
            &[],
        ),
        Hostile::refused("acts/link.tar", linked(b'2'), "link"),
        Hostile::refused("acts/hard-link.tar", linked(b'1'), "link"),
        Hostile::refused(
            "acts/device.tar",
            tar(&[entry("a.csv", b'3', "00000000000", b"")]),
            "device",
        ),
        Hostile::refused(
            "acts/twice.tar",
            tar(&[file("a.csv", &act("t5")), file("./a.csv", &act("t6"))]),
            "twice",
        ),
    ]
}

fn damaged_tars() -> Vec<Hostile> {
    let named = |name: &str| tar(&[file(name, &act("hors"))]);
    let mut altered = named("a.csv");
    altered[0] = b'b';
    let no_end = file("a.csv", &act("t3"));
    vec![
        Hostile::refused("acts/without-end.tar", no_end, "unpack"),
        Hostile::refused("acts/altered.tar", altered, "unpack"),
        Hostile::refused(
            "acts/longer-than-it-is.tar",
            tar(&[entry("a.csv", b'0', "77777777777", &act("t7"))]),
            "unpack",
        ),
        Hostile::refused(
            "acts/size-in-words.tar",
            tar(&[entry("a.csv", b'0', "beaucoup", &act("t8"))]),
            "unpack",
        ),
        Hostile::refused(
            "acts/long-attributes.tar",
            tar(&[pax(&"x".repeat(70_000)), file("a.csv", &act("t9"))]),
            "unpack",
        ),
        Hostile::refused(
            "acts/two-in-a-row.tar",
            [named("a.csv"), named("b.csv")].concat(),
            "unpack",
        ),
        Hostile::refused(
            "acts/bomb.tgz",
            gzip(&tar(&[file("a.csv", &vec![b'0'; 17 << 20])])),
            "would become more than",
        ),
    ]
}
