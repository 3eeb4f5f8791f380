//! Hostile files, each with what must become of it; a good file beside them lands every time.
//!
//! The files are made here: the lists in the modules below are the table of names and outcomes.

mod archive;
mod columnar;
mod encoding;
mod exchange;
mod json;
mod markup;
mod mutation;
mod outline;
mod sheet;
mod survey;
mod table;

use std::collections::BTreeMap;

use crate::support::{Place, acts, no_views, text};

/// A SIREN and a SIRET of Rennes.
const RENNES: &str = "213502388";
const RENNES_SIRET: &str = "21350238800019";

/// Memory for landing a file.
const MIB: &str = "128";

const GOOD: &str = "acts/bonne.csv: 1 read, 1 accepted, 0 rejected";

/// A file and what must become of it.
struct Hostile {
    /// Its path below the folder that is landed; the first folder is its dataset.
    name: String,
    bytes: Vec<u8>,
    /// Rows that land.
    accepted: u64,
    /// Rows in quarantine, by rule.
    rejected: BTreeMap<String, u64>,
    /// A word of the error that refuses the file, or a member of it; none when there is no error.
    refused: Option<&'static str>,
}

impl Hostile {
    /// A file that is read, with some rows that are bad.
    fn rows(
        name: &str,
        bytes: impl Into<Vec<u8>>,
        accepted: u64,
        rejected: &[(&str, u64)],
    ) -> Self {
        let rejected = rejected.iter().map(|(rule, count)| ((*rule).to_owned(), *count)).collect();
        Self { name: name.to_owned(), bytes: bytes.into(), accepted, rejected, refused: None }
    }

    /// A file of which no row lands.
    fn refused(name: &str, bytes: impl Into<Vec<u8>>, word: &'static str) -> Self {
        Self { refused: Some(word), ..Self::rows(name, bytes, 0, &[]) }
    }

    /// Of which a member is refused.
    fn but(self, word: &'static str) -> Self {
        Self { refused: Some(word), ..self }
    }

    /// Whether it leaves no row in the lake or in quarantine.
    fn leaves_nothing(&self) -> bool {
        self.refused.is_some() && self.accepted == 0 && self.rejected.is_empty()
    }

    /// Compares the outcome with what the program said.
    fn assert_told(&self, told: &str) {
        let name = &self.name;
        let (mut accepted, mut rejected) = (0, BTreeMap::new());
        for counts in Counts::of(name, told) {
            let all: u64 = counts.rejected.values().sum();
            assert_eq!(counts.read, counts.accepted + all, "the books of {name}: {told}");
            accepted += counts.accepted;
            for (rule, count) in counts.rejected {
                *rejected.entry(rule).or_default() += count;
            }
        }
        assert_eq!((accepted, &rejected), (self.accepted, &self.rejected), "{name}: {told}");
        let errors = errors(name, told);
        let Some(word) = self.refused else {
            assert!(errors.is_empty(), "{name}: {errors:?}");
            return;
        };
        let [error] = errors.as_slice() else { panic!("{name}: {errors:?}") };
        assert!(error.contains(word), "{name}: {error}");
    }
}

/// What the program says of one source.
struct Counts {
    read: u64,
    accepted: u64,
    rejected: BTreeMap<String, u64>,
}

impl Counts {
    /// Of a file, or of every file in an archive.
    fn of(name: &str, told: &str) -> Vec<Self> {
        let mut found = Vec::new();
        let mut lines = told.lines().peekable();
        while let Some(line) = lines.next() {
            let Some(rest) = below(name, line) else { continue };
            let Some((_, counts)) = rest.rsplit_once(": ") else { continue };
            let [Some(read), Some(accepted), Some(_)] =
                [" read", " accepted", " rejected"].map(|word| number_before(counts, word))
            else {
                continue;
            };
            let mut rejected = BTreeMap::new();
            while let Some(rule) = lines.next_if(|line| line.starts_with("  ")) {
                let (count, rest) = rule.trim().split_once("  ").unwrap();
                let (id, _) = rest.split_once(':').unwrap();
                if id.ends_with(" (warning)") {
                    continue;
                }
                rejected.insert(id.to_owned(), count.parse().unwrap());
            }
            found.push(Self { read, accepted, rejected });
        }
        found
    }
}

/// What follows a name, when it is that name and not one that begins with it.
fn below<'l>(name: &str, line: &'l str) -> Option<&'l str> {
    line.strip_prefix(name).filter(|rest| rest.starts_with([':', '/']))
}

fn number_before(text: &str, word: &str) -> Option<u64> {
    text.split_once(word)?.0.rsplit([' ', ',']).next()?.parse().ok()
}

/// The lines that say why a file, or a member of it, is not landed.
fn errors<'t>(name: &str, told: &'t str) -> Vec<&'t str> {
    let is_error = |line: &&str| line.starts_with("error: ") || line.contains(": not landed: ");
    let names =
        |line: &&str| line.split(name).nth(1).is_some_and(|rest| rest.starts_with([':', '/', ';']));
    told.lines().filter(is_error).filter(names).collect()
}

/// Lands each file alone with the good one.
fn land_each(files: Vec<Hostile>) {
    for file in files {
        let place = Place::new();
        let paths = [place.file(&file.name, &file.bytes), good(&place)];
        let told = if file.leaves_nothing() {
            // What is computed of the release would be that of the good file, every time.
            let sql = no_views(place.path()).display().to_string();
            ingest_with(&["--memory-mib", MIB, "--sql", &sql], &place, &paths, true)
        } else {
            ingest(&place, &paths, file.refused.is_some())
        };
        assert!(told.contains(GOOD), "{}: {told}", file.name);
        file.assert_told(&told);
        // Libraries of two formats panic on some files that lie: it is caught, and is an error.
        let may_panic = file.refused == Some("contradicts itself");
        assert!(may_panic || !told.contains("panicked"), "{}: {told}", file.name);
    }
}

fn good(place: &Place) -> String {
    place.file("acts/bonne.csv", acts(&[("bonne", RENNES, "2025-01-01")]))
}

/// Lands files as of 1 January 2026 and returns all that the program said.
fn ingest(place: &Place, paths: &[String], some_fail: bool) -> String {
    ingest_with(&["--memory-mib", MIB], place, paths, some_fail)
}

/// Lands files with these options of the program.
fn ingest_with(options: &[&str], place: &Place, paths: &[String], some_fail: bool) -> String {
    let key = place.file("key.txt", "une phrase de passe pour les essais");
    let mut args = options.to_vec();
    args.extend(["--pseudonym-key-file", &key, "ingest", "--run-date", "2026-01-01"]);
    args.extend(paths.iter().map(String::as_str));
    let output = place.carnac(&args);
    let told = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(if some_fail { 3 } else { 0 }), "{told}");
    told
}

#[test]
fn archives() {
    land_each(archive::files());
}

#[test]
fn encodings() {
    land_each(encoding::files());
}

/// Rejected rows may be more than the memory of the run; it ends as any other, twice.
#[test]
fn quarantine_of_more_than_the_memory() {
    let (place, file) = (Place::new(), json::long_records(6));
    let paths = [place.file(&file.name, &file.bytes), good(&place)];
    file.assert_told(&ingest_with(&["--memory-mib", "8"], &place, &paths, false));
    let file = json::long_records(5);
    place.file(&file.name, &file.bytes);
    file.assert_told(&ingest_with(&["--memory-mib", "8"], &place, &paths, false));
    let kept = "select count(*), max(length(raw)) > 2000000 from ops.quarantine";
    assert_eq!(place.rows(kept), ["5,true"]);
    assert_eq!(place.rows("select count(*) from lake.acts"), ["1"]);
}

#[test]
fn messages_of_other_programs() {
    land_each(exchange::files());
}

#[test]
fn json_files() {
    land_each(json::files());
}

#[test]
fn outlines() {
    land_each(outline::files());
}

#[test]
fn parquet_files() {
    land_each(columnar::files());
}

#[test]
fn spreadsheets() {
    land_each(sheet::files());
}

#[test]
fn surveys() {
    land_each(survey::files());
}

#[test]
fn tables() {
    land_each(table::files());
}

#[test]
fn xml_files() {
    land_each(markup::files());
}

fn all() -> Vec<Hostile> {
    let groups = [
        archive::files,
        columnar::files,
        encoding::files,
        exchange::files,
        json::files,
        markup::files,
        outline::files,
        sheet::files,
        survey::files,
        table::files,
    ];
    groups.into_iter().flat_map(|files| files()).collect()
}

/// One run over them all: each comes to the same end, and every row is in the lake or in
/// quarantine.
#[test]
fn all_hostile_files_at_once() {
    let (place, files) = (Place::new(), all());
    for file in &files {
        place.file(&format!("inbox/{}", file.name), &file.bytes);
    }
    let folder = place.path().join("inbox").display().to_string();
    let told = ingest(&place, &[folder, good(&place)], true);
    assert!(told.contains(GOOD), "{told}");
    for file in &files {
        file.assert_told(&told);
    }
    let accepted: u64 = files.iter().map(|file| file.accepted).sum();
    let rejected: u64 = files.iter().flat_map(|file| file.rejected.values()).sum();
    let books = "select sum(read_count), sum(accepted_count), sum(rejected_count) from ops.sources";
    let expected = format!("{},{},{rejected}", accepted + rejected + 1, accepted + 1);
    assert_eq!(place.rows(books), [expected]);
    assert_eq!(place.rows("select count(*) from ops.quarantine"), [rejected.to_string()]);
    let mut landed: BTreeMap<&str, u64> = BTreeMap::from([("acts", 1)]);
    for file in &files {
        let (dataset, _) = file.name.split_once('/').unwrap();
        *landed.entry(dataset).or_default() += file.accepted;
    }
    for (dataset, count) in landed.into_iter().filter(|(_, count)| *count > 0) {
        let rows = place.rows(&format!("select count(*) from lake.{dataset}"));
        assert_eq!(rows, [count.to_string()], "{dataset}");
    }
}
