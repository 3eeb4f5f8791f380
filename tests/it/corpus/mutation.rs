//! Files of every format, spoiled at random: whatever becomes of one, its rows are accounted for
//! and the file beside it lands.
//!
//! The seed is fixed: each run spoils them in the same ways.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use carnac_ingest::{Profile, PseudonymKey, Source, find, inspect};
use chrono::NaiveDate;
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert_eq, prop_oneof};
use proptest::sample::{Index, select};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::archive::{gzip, zip};
use super::{RENNES, columnar, good, ingest, survey};
use crate::support::{Place, REPOSITORY, acts};

/// Times that each file is spoiled.
const CASES: u32 = 128;

/// What means something to one format or another.
const TOKENS: [&[u8]; 32] = [
    b"\"",
    b"\"\"",
    b";",
    b",",
    b"\n",
    b"\r",
    b"\0",
    b"'",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[[",
    b":",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\xEF\xBB\xBF",
    b"\xFF\xFE",
    b"\xC3",
    b"\xE9",
    b"<",
    b"</",
    b"/>",
    b"&",
    b"&#0;",
    b"<!DOCTYPE a>",
    b"<![CDATA[",
    b"-->",
    b"1e400",
    b"PK\x03\x04",
    b"=",
];

/// One way to spoil a file.
#[derive(Debug, Clone)]
enum Mutation {
    Flip(Index, u8),
    Delete(Index, usize),
    Repeat(Index, usize),
    Insert(Index, &'static [u8]),
    Cut(Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        4 => (any::<Index>(), 1_u8..).prop_map(|(at, bits)| Mutation::Flip(at, bits)),
        2 => (any::<Index>(), 1_usize..64).prop_map(|(at, count)| Mutation::Delete(at, count)),
        2 => (any::<Index>(), 1_usize..64).prop_map(|(at, count)| Mutation::Repeat(at, count)),
        4 => (any::<Index>(), select(&TOKENS[..])).prop_map(|(at, token)| Mutation::Insert(at, token)),
        1 => any::<Index>().prop_map(Mutation::Cut),
    ]
}

impl Mutation {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let length = bytes.len();
        let span = |at: usize, count: usize| at..length.min(at + count);
        match self {
            Self::Flip(at, bits) => bytes[at.index(length)] ^= bits,
            Self::Delete(at, count) => drop(bytes.drain(span(at.index(length), *count))),
            Self::Repeat(at, count) => {
                let part = span(at.index(length), *count);
                let copy = bytes[part.clone()].to_vec();
                drop(bytes.splice(part.end..part.end, copy));
            }
            Self::Insert(at, token) => {
                let at = at.index(length);
                drop(bytes.splice(at..at, token.iter().copied()));
            }
            Self::Cut(at) => bytes.truncate(at.index(length)),
        }
    }
}

/// A small good file of each format; the first folder is its dataset.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let read = |name: &str| fs::read(format!("{REPOSITORY}/{name}")).unwrap();
    let ids = ["a", "b", "c", "\u{e9}", "\"d\""];
    let csv = acts(&ids.map(|id| (id, RENNES, "2025-01-01"))).into_bytes();
    let in_archive =
        [("1.csv", csv.as_slice()), ("2.csv", &acts(&[("e", RENNES, "2025-01-01")]).into_bytes())];
    vec![
        ("acts/acts.csv.gz", gzip(&csv)),
        ("acts/acts.zip", zip(&in_archive)),
        ("acts/acts.csv", csv),
        ("contracts/2019.json", read("tests/data/decp/marches_avec_modifications.json")),
        (
            "contracts/2022.json",
            read("data-samples/contracts/decp-2022-exemple-marches-concessions.json"),
        ),
        ("contracts/marche.xml", read("tests/data/decp/Marche.xml")),
        (
            "act_messages/022-212201131-20240115-2024_001-DE-1-2_1.xml",
            read("tests/data/actes/022-212201131-20240115-2024_001-DE-1-2_1.xml"),
        ),
        ("flows/flow.xml", read("tests/data/pes/PESALR2_212201131_20240116_0001.xml")),
        ("budget_lines/budget.xml", read("tests/data/totem/BP2022_TRANSPORT.totem.xml")),
        ("grouping_members/members.xlsx", read("tests/data/epcicom-2023-extrait.xlsx")),
        ("cpv_codes/codes-2008.xls", read("tests/data/cpv-2008-extrait.xls")),
        ("panels/panels.parquet", columnar::whole()),
        ("outlines/communes-2018.geojson", read("tests/data/communes-2018-extrait.geojson")),
        ("answers/export.csv", survey::whole()),
    ]
}

fn runner() -> TestRunner {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Reads what is in a folder as landing does; returns how many rows of acts were accepted.
fn read_all(folder: &Path) -> u64 {
    let profile = format!("{REPOSITORY}/data-samples/profiles/enquete-exemple-2024.toml");
    let profile = Profile::parse(&fs::read_to_string(&profile).unwrap(), Path::new(&profile));
    let profiles = [Arc::new(profile.unwrap())];
    let key = PseudonymKey::parse("une phrase de passe pour les essais").unwrap();
    let run_date = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let mut good = 0;
    for found in find(folder).unwrap().files {
        let is_good = found.path.ends_with("acts/bonne.csv");
        let Ok(source) = Source::open(found, None, &profiles) else { continue };
        let Ok(found) = inspect(&source, Some(&key), run_date) else { continue };
        assert_eq!(found.read, found.accepted + found.rejected_count());
        good += if is_good { found.accepted } else { 0 };
    }
    good
}

#[test]
fn no_spoiled_file_brings_the_program_down_or_stops_another() {
    for (name, whole) in samples() {
        let spoiled = |mutations: Vec<Mutation>| {
            let mut bytes = whole.clone();
            mutations.iter().for_each(|mutation| mutation.apply(&mut bytes));
            let place = Place::new();
            place.file(name, bytes);
            good(&place);
            prop_assert_eq!(read_all(place.path()), 1);
            Ok(())
        };
        runner()
            .run(&vec(mutation(), 1..4), spoiled)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// The same through the lake, where every row of every file is found again.
#[test]
fn spoiled_files_land_with_their_books_in_balance() {
    let (place, mut runner) = (Place::new(), runner());
    for (name, whole) in samples() {
        let (dataset, file) = name.split_once('/').unwrap();
        for number in 0..4 {
            let mutations = vec(mutation(), 1..4).new_tree(&mut runner).unwrap().current();
            let mut bytes = whole.clone();
            mutations.iter().for_each(|mutation| mutation.apply(&mut bytes));
            place.file(&format!("inbox/{dataset}/{number}/{file}"), bytes);
        }
    }
    let folder = place.path().join("inbox").display().to_string();
    let told = ingest(&place, &[folder, good(&place)], true);
    assert!(told.contains(super::GOOD), "{told}");
    let unbalanced =
        "select source_file from ops.sources where read_count <> accepted_count + rejected_count";
    assert!(place.rows(unbalanced).is_empty());
    let quarantine = "select (select sum(rejected_count) from ops.sources) - (select count(*) from ops.quarantine)";
    assert_eq!(place.rows(quarantine), ["0"]);
}
