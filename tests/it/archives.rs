//! What comes packed: a folder in one file, landed as a folder is.

use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::support::{Place, acts, text};

const RENNES: &str = "213502388";

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// One act, and nothing else.
fn act(id: &str) -> String {
    acts(&[(id, RENNES, "2025-01-01")])
}

fn ids(place: &Place) -> String {
    place.rows("select act_id from lake.acts order by act_id").join(" ")
}

#[test]
fn an_archive_lands_as_a_folder_and_once() {
    let place = Place::new();
    let bad = format!("{}x;1;1;7.1;2025-01-01;;4;0\n", act("b"));
    let archive = place.file(
        "delivery.zip",
        zip(&[("2024/a.csv", act("a").as_bytes()), ("b.csv", bad.as_bytes()), ("note.pdf", b"x")]),
    );
    let report = place.ok(&["ingest", &archive]);
    for line in [
        "acts/delivery.zip/2024/a.csv: 1 read, 1 accepted, 0 rejected",
        "acts/delivery.zip/b.csv: 2 read, 1 accepted, 1 rejected",
        "1 files passed over, which hold no data: ",
        "delivery.zip/note.pdf",
        "release 1 published: 2 files landed",
    ] {
        assert!(report.contains(line), "{report}");
    }
    let quarantine = place.rows("select source_file, source_line, rule from ops.quarantine");
    assert_eq!(quarantine, ["delivery.zip/b.csv,3,not_a_siren"]);
    let again = place.ok(&["ingest", &archive]);
    assert!(again.contains("delivery.zip/b.csv: unchanged"), "{again}");
    assert!(again.contains("no release to publish"), "{again}");
}

#[test]
fn a_compressed_file_is_the_file() {
    let place = Place::new();
    let csv = act("a");
    let report = place.ok(&["ingest", &place.file("a.csv.gz", gzip(csv.as_bytes()))]);
    assert!(report.contains("acts/a.csv.gz: 1 read, 1 accepted"), "{report}");
    let plain = place.ok(&["ingest", &place.file("a.csv", &csv)]);
    assert!(plain.contains("unchanged (1 rows landed as acts/a.csv.gz in release 1)"), "{plain}");
}

#[test]
fn the_content_tells_an_archive_whatever_its_name() {
    let place = Place::new();
    let inside = zip(&[("a.csv", act("a").as_bytes())]);
    let report = place.ok(&["ingest", &place.file("export.csv", inside)]);
    assert!(report.contains("acts/export.csv/a.csv: 1 read, 1 accepted"), "{report}");
}

#[test]
fn a_path_that_fails_stops_no_other() {
    let place = Place::new();
    let whole = zip(&[("a.csv", act("a").as_bytes())]);
    let cut = place.file("cut.zip", &whole[..whole.len() - 10]);
    let bomb = place.file("bomb.csv.gz", gzip(&vec![b'0'; 17 << 20]));
    let climbing = place.file("climbing.zip", zip(&[("../b.csv", act("b").as_bytes())]));
    let nested =
        place.file("nested.zip", zip(&[("c.csv", act("c").as_bytes()), ("in.zip", &whole)]));
    let photos = place.file("photos.zip", zip(&[("a.jpg", b"x")]));
    let good = place.file("acts/d.csv", act("d"));
    let paths = [&cut, &bomb, &climbing, "s3://", &nested, &photos, &good];
    let output = place.carnac(&[["ingest"].as_slice(), &paths.map(AsRef::as_ref)].concat());
    let (told, errors) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(3), "{told}{errors}");
    for line in [
        "cut.zip: ",
        "bomb.csv.gz: it would become more than 1",
        "climbing.zip: member \"../b.csv\" has a name that is not a relative path",
        "error: open s3://: ",
        "nested.zip: member \"in.zip\" is itself an archive",
        "photos.zip: none of its 1 members is a file that this program reads",
    ] {
        assert!(errors.contains(line), "no {line} in: {errors}");
    }
    assert_eq!(errors.lines().count(), 6, "{errors}");
    assert_eq!(ids(&place), "c d");
    assert!(!place.path().join("b.csv").exists());
}
