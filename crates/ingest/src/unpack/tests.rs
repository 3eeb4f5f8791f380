//! Hostile and damaged archives, built here.

mod headers;

use std::io::Write;

use ::tar::{Builder, EntryType, Header};
use ::zip::unstable::write::FileOptionsExt;
use ::zip::write::SimpleFileOptions;
use ::zip::{CompressionMethod, ZipWriter};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

const SMALL: Limits = Limits { ratio: 10, floor: 16 * 1024, total: 1 << 20, members: 4, name: 100 };

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    zip_as(members, SimpleFileOptions::default())
}

fn zip_as(members: &[(&str, &[u8])], options: SimpleFileOptions) -> Vec<u8> {
    let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A tar of regular files, under names that are taken as they are.
fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, content) in members {
        builder.append(&header(name, EntryType::Regular, content.len()), *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn header(name: &str, kind: EntryType, size: usize) -> Header {
    let mut header = Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size as u64);
    header.set_cksum();
    header
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn unpacked_within(name: &str, bytes: &[u8], room: &mut Room) -> Result<Unpacked> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    unpack(Kind::of_file(&path, name).unwrap(), &path, Path::new(name), room)
}

fn unpacked(name: &str, bytes: &[u8]) -> Result<Unpacked> {
    unpacked_within(name, bytes, &mut Room::of(SMALL))
}

/// The names and contents that were kept.
fn kept(unpacked: &Unpacked) -> Vec<(&str, String)> {
    let read = |member: &Member| std::fs::read_to_string(&member.path).unwrap();
    unpacked.members.iter().map(|m| (m.name.as_deref().unwrap_or_default(), read(m))).collect()
}

/// Why an archive is not unpacked; whatever the reason, nothing counts as written then.
fn refusal(name: &str, bytes: &[u8]) -> String {
    let mut room = Room::of(SMALL);
    let error = unpacked_within(name, bytes, &mut room).expect_err(name);
    assert_eq!(room.written, 0, "{error}");
    error.to_string()
}

/// Checks that the same members are refused for the same reason from a ZIP, a tar and a tar.gz.
fn refused_from_all(members: &[(&str, &[u8])], reason: &str) {
    let tarred = tar(members);
    for (name, bytes) in
        [("a.zip", zip(members)), ("a.tar", tarred.clone()), ("a.tar.gz", gzip(&tarred))]
    {
        let told = refusal(name, &bytes);
        assert!(told.contains(reason), "{members:?}: {told}");
    }
}

#[test]
fn data_is_kept_and_the_rest_is_named() {
    let members: [(&str, &[u8]); 4] =
        [("acts/b.csv", b"b"), ("./a.JSON", b"a"), ("plan.pdf", b"x"), ("__MACOSX/._a.csv", b"x")];
    let tarred = tar(&members);
    for (name, bytes) in
        [("x.zip", zip(&members)), ("x.tar", tarred.clone()), ("x.tgz", gzip(&tarred))]
    {
        let unpacked = unpacked(name, &bytes).unwrap();
        let expected = [("a.JSON", "a".to_owned()), ("acts/b.csv", "b".to_owned())];
        assert_eq!(kept(&unpacked), expected, "{name}");
        assert_eq!(unpacked.passed_over, ["plan.pdf", "__MACOSX/._a.csv"], "{name}");
    }
}

#[test]
fn gzip_is_one_file_read_to_its_last_part() {
    let two_parts = [gzip(b"a;b\n"), gzip(b"1;2\n")].concat();
    let unpacked = unpacked("x.csv.gz", &two_parts).unwrap();
    assert_eq!(kept(&unpacked), [("", "a;b\n1;2\n".to_owned())]);
    assert!(unpacked.members[0].path.extension().is_some_and(|ending| ending == "csv"));
}

#[test]
fn content_wins_over_the_extension() {
    let inside = [("a.csv", b"a".as_slice())];
    assert_eq!(Kind::of(&zip(&inside), "x.csv"), Kind::Zip);
    assert_eq!(Kind::of(&tar(&inside), "x.csv"), Kind::Tar);
    assert_eq!(Kind::of(&gzip(b"a"), "x.csv"), Kind::Gzip);
    assert_eq!(Kind::of(&gzip(b"a"), "x.zip"), Kind::Gzip);
    assert_eq!(Kind::of(b"a;b\n1;2\n", "x.csv"), Kind::Plain);
    assert_eq!(Kind::of(&zip(&inside), "x.xlsx"), Kind::Plain);
    // Without a known beginning, the name says what it should have been.
    let told = refusal("page.zip", b"<html>404</html>");
    assert!(told.starts_with("unpack page.zip: ") && told.contains("have it sent again"), "{told}");
    for name in ["x.gz", "x.tar"] {
        assert!(refusal(name, b"<html>404</html>").starts_with("unpack "), "{name}");
    }
}

#[test]
fn names_that_leave_the_archive_are_refused() {
    for name in [
        "../a.csv",
        "a/../../b.csv",
        "a/../b.csv",
        "/etc/a.csv",
        "//a.csv",
        "C:/a.csv",
        "c:a.csv",
        "..\\a.csv",
        "a\\b.csv",
        "a//b.csv",
        "a\n.csv",
        "a\u{1b}[2J.csv",
    ] {
        refused_from_all(&[("good.csv", b"a"), (name, b"b")], "not a relative path");
    }
    let long = format!("{}.csv", "n".repeat(97));
    let told = refusal("a.zip", &zip(&[(&long, b"a")]));
    assert!(told.contains("too long"), "{told}");
}

#[test]
fn links_and_devices_are_refused() {
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Char,
        EntryType::Block,
        EntryType::Fifo,
        EntryType::GNUSparse,
    ] {
        let mut builder = Builder::new(Vec::new());
        builder.append(&header("a.csv", kind, 0), io::empty()).unwrap();
        let told = refusal("a.tar", &builder.into_inner().unwrap());
        assert!(told.contains("link or a device"), "{kind:?}: {told}");
    }
    let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
    writer.add_symlink("a.csv", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let told = refusal("a.zip", &writer.finish().unwrap().into_inner());
    assert!(told.contains("link or a device"), "{told}");
}

#[test]
fn two_members_of_one_name_are_refused() {
    let twice = tar(&[("a.csv", b"1"), ("./a.csv", b"2")]);
    assert!(refusal("a.tar", &twice).contains("stands in it twice"));
    // The library that writes ZIP refuses to; the second name is changed in both its places.
    let mut bytes = zip(&[("a.csv", b"1"), ("b.csv", b"2")]);
    for at in 0..bytes.len() - 5 {
        if &bytes[at..at + 5] == b"b.csv" {
            bytes[at] = b'a';
        }
    }
    assert!(refusal("a.zip", &bytes).contains("duplicate file names"));
}

#[test]
fn encrypted_members_are_refused() {
    let options = SimpleFileOptions::default().with_deprecated_encryption(b"secret").unwrap();
    let told = refusal("a.zip", &zip_as(&[("a.csv", b"a;b\n")], options));
    assert!(told.contains("encrypted"), "{told}");
}

#[test]
fn other_compressions_are_refused_by_name() {
    let mut bytes = zip(&[("a.csv", b"a;b\n")]);
    // The method in the member's own header and in the list, changed to LZMA.
    for (magic, at) in [(b"PK\x03\x04", 8), (b"PK\x01\x02", 10)] {
        let start = bytes.windows(4).position(|window| window == magic).unwrap();
        bytes[start + at] = 14;
    }
    let told = refusal("a.zip", &bytes);
    assert!(told.contains("\"a.csv\" is compressed by a method that is not read"), "{told}");
}

#[test]
fn a_workbook_under_another_name_is_no_archive() {
    let workbook = zip(&[("[Content_Types].xml", b"<a/>"), ("xl/workbook.xml", b"<a/>")]);
    assert!(refusal("acts.csv", &workbook).contains("let its name end in .xlsx"));
}

#[test]
fn an_archive_within_an_archive_is_told_and_its_neighbours_stay() {
    let inner = zip(&[("a.csv", b"a")]);
    // Whatever it is called.
    let compressed = gzip(b"c");
    let members: [(&str, &[u8]); 4] =
        [("a.csv", b"a"), ("in.zip", &inner), ("b.csv", &inner), ("c.csv.gz", &compressed)];
    for (name, bytes) in [("x.zip", zip(&members)), ("x.tar", tar(&members))] {
        let unpacked = unpacked(name, &bytes).unwrap();
        assert_eq!(kept(&unpacked), [("a.csv", "a".to_owned())], "{name}");
        assert_eq!(unpacked.nested, ["in.zip", "b.csv", "c.csv.gz"], "{name}");
    }
    let twice = refusal("a.csv.gz", &gzip(&gzip(b"a")));
    assert!(twice.contains("\"a.csv\" is itself an archive"), "{twice}");
}

#[test]
fn a_bomb_stops_at_its_limit() {
    let zeros = vec![0; 100_000];
    let tarred = tar(&[("a.csv", &zeros)]);
    let passed_over = tar(&[("a.pdf", &zeros), ("b.csv", b"b")]);
    for (name, bytes) in [
        ("a.zip", zip(&[("a.csv", &zeros)])),
        ("a.csv.gz", gzip(&zeros)),
        ("a.tar.gz", gzip(&tarred)),
        ("b.tar.gz", gzip(&passed_over)),
    ] {
        assert!(bytes.len() < 1000);
        let told = refusal(name, &bytes);
        assert!(told.contains("it would become more than"), "{name}: {told}");
    }
    // Each is within the limit and all are beyond it.
    let part = vec![0; 10_000];
    let parts = zip(&[("a.csv", &part), ("b.csv", &part), ("c.csv", &part)]);
    assert!(refusal("a.zip", &parts).contains("it would become more than"));
    // The floor lets a small file be repetitive.
    assert!(unpacked("a.csv.gz", &gzip(&part)).is_ok());
}

/// Two entries of the list that share the bytes of one member, as overlap bombs do.
#[test]
fn members_that_overlap_are_refused() {
    let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
    writer.start_file("a.csv", SimpleFileOptions::default()).unwrap();
    writer.write_all(b"a;b\n").unwrap();
    writer.shallow_copy_file("a.csv", "b.csv").unwrap();
    let told = refusal("a.zip", &writer.finish().unwrap().into_inner());
    assert!(told.contains("inconsistency") || told.contains("overlapping"), "{told}");
}

/// A list that is shorter than the archive would lose members without a word.
#[test]
fn a_member_that_is_not_listed_is_no_silence() {
    let mut bytes = zip(&[("a.csv", b"a"), ("b.csv", b"b")]);
    // Both counts of the record that ends the archive, in its last 22 bytes.
    let end = bytes.len() - 22;
    bytes[end + 8] = 1;
    bytes[end + 10] = 1;
    assert!(refusal("a.zip", &bytes).contains("missing from central directory"));
}

#[test]
fn there_may_be_only_so_many_members() {
    let names: Vec<_> = (0..5).map(|number| format!("{number}.csv")).collect();
    let members: Vec<_> = names.iter().map(|name| (name.as_str(), b"a".as_slice())).collect();
    refused_from_all(&members, "more than 4 files");
    assert!(unpacked("a.zip", &zip(&members[1..])).is_ok());
}

/// A list is refused by its length before it is held.
#[test]
fn a_list_of_members_is_bounded_while_it_is_read() {
    let names: Vec<_> = (0..300).map(|number| format!("{number}-{}", "n".repeat(2000))).collect();
    let members: Vec<_> = names.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
    assert!(refusal("a.zip", &zip(&members)).contains("list of its members is too long"));
}

#[test]
fn one_run_writes_only_so_much() {
    let limits = Limits { total: 1500, ..SMALL };
    let mut room = Room::of(limits);
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let archive = zip_as(&[("a.csv", &[b'a'; 1000])], stored);
    let first = unpacked_within("a.zip", &archive, &mut room).unwrap();
    let second = unpacked_within("b.zip", &archive, &mut room).unwrap_err();
    assert!(second.to_string().contains("b.zip: this run would write more than 1500"), "{second}");
    // What was refused has gone from the disk, and leaves the room it took.
    assert_eq!(room.written, 1000);
    drop(first);
}

#[test]
fn wherever_an_archive_is_cut_nothing_of_it_is_kept() {
    let members: [(&str, &[u8]); 2] = [("a.csv", b"a;b\n1;2\n"), ("b.csv", &[b'x'; 700])];
    let tarred = tar(&members);
    let zeros = tarred.len() - 1024;
    let whole = [
        ("a.zip", zip(&members), usize::MAX, 7),
        // One block of zeros already ends a tar.
        ("a.tar", tarred.clone(), zeros + 512, 128),
        ("a.tar.gz", gzip(&tarred), usize::MAX, 7),
        ("a.csv.gz", gzip(b"a;b\n1;2\n"), usize::MAX, 1),
    ];
    for (name, bytes, end, step) in whole {
        assert!(unpacked(name, &bytes).is_ok(), "{name}");
        for length in (0..bytes.len().min(end)).step_by(step) {
            let cut = &bytes[..length];
            assert!(unpacked(name, cut).is_err(), "{name} cut at {length}");
        }
    }
}

#[test]
fn damage_is_found_by_checksums() {
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut zipped = zip_as(&[("a.csv", b"a;b\n1;2\n")], stored);
    let at = zipped.windows(4).position(|bytes| bytes == b"a;b\n").unwrap();
    zipped[at] = b'z';
    assert!(refusal("a.zip", &zipped).contains("checksum"));
    let mut compressed = gzip(b"a;b\n1;2\n");
    let checksum = compressed.len() - 8;
    compressed[checksum] ^= 1;
    assert!(refusal("a.csv.gz", &compressed).contains("checksum"));
}

#[test]
fn what_stands_after_the_end_is_not_lost_in_silence() {
    let two = [tar(&[("a.csv", b"a")]), tar(&[("b.csv", b"b")])].concat();
    assert!(refusal("a.tar", &two).contains("more after its end"));
    let tail = [gzip(b"a;b\n"), b"1;2\n".to_vec()].concat();
    assert!(refusal("a.csv.gz", &tail).starts_with("unpack a.csv.gz"));
}

#[test]
fn an_archive_without_data_says_so() {
    let told = refusal("photos.zip", &zip(&[("a.jpg", b"a"), ("b.pdf", b"b")]));
    assert!(told.contains("none of its 2 members"), "{told}");
}
