//! Whole runs: their bytes, their defects, and that their files agree.

mod agreement;

use std::collections::{BTreeMap, BTreeSet};

use carnac_model::{Level, RowsBuilder, check, dataset, rule};
use tempfile::TempDir;

use super::*;

/// File and hash of the files of seed 42 at scale 1.
const SEED_42: &str = include_str!("../seed-42.txt");

fn options() -> Options {
    Options {
        seed: 42,
        scale: 1,
        defects_per_million: 2_000,
        format: Format::Csv,
        datasets: Vec::new(),
        threads: 1,
    }
}

fn run(options: &Options) -> (TempDir, Manifest) {
    let folder = TempDir::new().unwrap();
    let manifest = generate(options, folder.path(), &|_, _| {}).unwrap();
    (folder, manifest)
}

/// 64-bit FNV-1a of a file.
fn hash(path: &Path) -> u64 {
    let bytes = fs::read(path).unwrap();
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn hashes(folder: &TempDir, manifest: &Manifest) -> Vec<String> {
    let line = |name: &String| format!("{name} {:016x}", hash(&folder.path().join(name)));
    manifest.files.keys().map(line).collect()
}

/// The bytes change only together with [`EDITION`]: then write what this prints to `seed-42.txt`.
#[test]
fn same_seed_same_bytes_on_any_machine_and_any_number_of_threads() {
    let (folder, manifest) = run(&options());
    let (other, same) = run(&Options { threads: 2, ..options() });
    let found = hashes(&folder, &manifest);
    assert_eq!(manifest, same);
    assert_eq!(found, hashes(&other, &same));
    let held: Vec<_> = SEED_42.lines().collect();
    assert_eq!(EDITION, 3);
    assert!(found == held, "other bytes than those held:\n{}", found.join("\n"));
}

#[test]
fn another_seed_gives_other_bytes_and_about_as_many_rows() {
    let one =
        |seed| run(&Options { seed, datasets: vec!["consultations".to_owned()], ..options() });
    let ((first, a), (second, b)) = (one(42), one(43));
    assert_ne!(hashes(&first, &a), hashes(&second, &b));
    assert!(a.rows().abs_diff(b.rows()) * 4 < a.rows());
}

/// The numbers that the documentation of [`Options::scale`] gives.
#[test]
fn rows_grow_with_the_scale() {
    /// What does not grow without end: lists, declarations and answers of so many authorities.
    const BOUNDED: [&str; 6] =
        ["activations", "answers", "cost_parameters", "memberships", "panels", "reported"];
    let rows = |scale, datasets: Vec<String>| {
        run(&Options { scale, threads: 2, datasets, ..options() }).1.rows()
    };
    let growing = || datasets().filter(|name| !BOUNDED.contains(name)).map(str::to_owned).collect();
    let (all, once, twice) = (rows(1, Vec::new()), rows(1, growing()), rows(2, growing()));
    assert!((115_000..135_000).contains(&all), "about 125,000: {all}");
    assert!((84_000..90_000).contains(&(twice - once)), "about 87 million by 1000: {once} {twice}");
}

/// What the model rejects and flags is what the manifest says, but for copies, which are told
/// where files are merged, and for the survey, which is read through its profile.
#[test]
fn the_model_finds_the_defects_that_were_put_in() {
    let options = Options { defects_per_million: 50_000, ..options() };
    let (folder, manifest) = run(&options);
    let tables = manifest.files.iter().filter(|(name, _)| !name.starts_with(ANSWERS));
    for (name, counts) in tables {
        let dataset = dataset(name.split('/').next().unwrap()).unwrap();
        let text = fs::read_to_string(folder.path().join(name)).unwrap();
        let mut lines = text.lines();
        let header: Vec<_> = lines.next().unwrap().split(';').collect();
        let mut rows = RowsBuilder::new(dataset);
        for (line, row) in (2..).zip(lines) {
            let cells: Vec<_> = row.split(';').collect();
            if cells.len() != header.len() {
                rows.push_fault(line, row, "malformed");
                continue;
            }
            let place = |wanted| header.iter().position(|name| *name == wanted);
            let values = dataset.fields.iter().map(|field| place(field.header).map(|at| cells[at]));
            rows.push(line, row, values);
        }
        let until = "2026-06-30".parse().unwrap();
        let checked = check(dataset, &rows.finish(), until);
        assert_eq!(checked.read() as u64, counts.rows, "{name}");
        let mut expected = counts.rejected.clone();
        expected.retain(|rule, _| !["exact_copy", "superseded"].contains(rule));
        assert_eq!(rules(checked.rejected(), "rule"), owned(&expected), "{name}");
        assert_eq!(rules(&checked.rows(), "warnings"), owned(&counts.warned), "{name}");
    }
    let put_in: BTreeSet<_> =
        manifest.files.values().flat_map(|file| file.rejected.keys().copied()).collect();
    let missed = ["bad_encoding", "not_an_outline", "too_long"];
    let blocking = carnac_model::RULES.iter().filter(|rule| rule.level == Level::Blocking);
    let all = blocking.map(|rule| rule.id).filter(|id| !missed.contains(id)).collect();
    assert_eq!(put_in, all, "every rule that rows of these files can break");
    assert!(rule("siret_key").is_some());
}

fn owned(counts: &BTreeMap<&'static str, u64>) -> BTreeMap<String, u64> {
    counts.iter().map(|(rule, count)| ((*rule).to_owned(), *count)).collect()
}

fn rules(batch: &arrow::array::RecordBatch, column: &str) -> BTreeMap<String, u64> {
    use arrow::array::AsArray;
    let mut counts = BTreeMap::new();
    for rule in batch.column_by_name(column).unwrap().as_string::<i32>().iter().flatten() {
        *counts.entry(rule.to_owned()).or_default() += 1;
    }
    counts
}

#[test]
fn every_identifier_says_that_it_is_synthetic() {
    let (folder, manifest) = run(&Options { defects_per_million: 0, ..options() });
    // An authority may answer a survey twice though nothing is wrong.
    let rules: BTreeSet<_> =
        manifest.files.values().flat_map(|file| file.rejected.keys().copied()).collect();
    assert_eq!(rules, BTreeSet::from(["duplicate_response"]));
    for name in manifest.files.keys() {
        let text = fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(name.contains("-synthetic"), "{name}");
        // What has no identifier of its own says it in its wave, or in the file's name alone.
        let unnamed = ["memberships", "activations"].iter().any(|of| name.starts_with(of));
        for line in text.lines().skip(1).filter(|_| !unnamed) {
            let says_so = ["SYN-", "synthetic@example.invalid"];
            assert!(says_so.iter().any(|mark| line.contains(mark)), "{name}: {line}");
        }
    }
    let readme = fs::read_to_string(folder.path().join("README.md")).unwrap();
    assert!(
        readme.contains("inventées") && readme.contains("invented") && readme.contains("| 42 |")
    );
}

#[test]
fn columns_are_those_of_the_model() {
    for table in TABLES {
        let fields: Vec<_> = table.fields().iter().map(|field| field.name).collect();
        assert_eq!(fields, table.columns, "{}", table.dataset);
        let model = table.model().unwrap();
        for field in model.fields.iter().filter(|field| field.required) {
            assert!(table.columns.contains(&field.name), "{}: {}", table.dataset, field.name);
        }
        let (column, _) = table.revised();
        assert_eq!(table.columns[column], table.revised.0);
        assert!(!model.key.contains(&table.revised.0), "{}", table.dataset);
    }
}

#[test]
fn parquet_holds_the_same_rows_and_says_that_they_are_synthetic() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let only = vec!["accounts".to_owned(), "panels".to_owned()];
    let csv = Options { datasets: only, defects_per_million: 0, ..options() };
    let (_, rows) = run(&csv);
    let (folder, manifest) = run(&Options { format: Format::Parquet, ..csv });
    assert_eq!(manifest.rows(), rows.rows());
    for (name, counts) in &manifest.files {
        let file = fs::File::open(folder.path().join(name)).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let metadata = reader.metadata().file_metadata();
        assert_eq!(metadata.num_rows().unsigned_abs(), counts.rows, "{name}");
        let values = metadata.key_value_metadata().unwrap();
        assert!(
            values.iter().any(|kv| kv.key == "synthetic" && kv.value.as_deref() == Some("true"))
        );
    }
}

#[test]
fn a_folder_in_use_and_an_unknown_dataset_are_refused() {
    let (folder, _) = run(&Options { datasets: vec!["panels".to_owned()], ..options() });
    let again = generate(&options(), folder.path(), &|_, _| {});
    assert!(
        again.unwrap_err().to_string().ends_with("is not empty: name a new or an empty folder")
    );
    let unknown = Options { datasets: vec!["weather".to_owned()], ..options() };
    let error = generate(&unknown, folder.path(), &|_, _| {}).unwrap_err();
    assert!(error.to_string().starts_with("nothing is generated for `weather`; there are: acts, "));
}
