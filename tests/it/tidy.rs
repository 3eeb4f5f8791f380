//! The rules of the house that no other tool checks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::REPOSITORY;

/// Longest file, in lines of production code. Flat tables may be longer: they are named here.
const MAX_LINES: usize = 400;
const FLAT_TABLES: [&str; 1] = ["crates/model/src/dataset.rs"];

/// Which of our crates each crate may use, and the libraries that only it may name.
const LAYERS: [(&str, &[&str], &[&str]); 7] = [
    ("model", &[], &[]),
    ("lake", &["model"], &["deltalake-core"]),
    ("ingest", &["model", "lake"], &["csv"]),
    ("query", &["model", "lake", "savings"], &[]),
    ("sample", &["model"], &[]),
    ("savings", &[], &[]),
    ("server", &["model", "query"], &["tonic", "arrow-flight", "pgwire", "prost"]),
];

fn read(path: impl AsRef<Path>) -> String {
    let path = Path::new(REPOSITORY).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below a folder of the repository, in order.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![Path::new(REPOSITORY).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

fn sources() -> Vec<(String, String)> {
    let rust = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    let below = |path: PathBuf| path.strip_prefix(REPOSITORY).unwrap().display().to_string();
    let folders = ["crates", "tests", "benches"];
    let paths = folders.into_iter().flat_map(files).filter(rust);
    paths.map(below).map(|path| (path.clone(), read(path))).collect()
}

fn dependencies(krate: &str) -> Vec<String> {
    let manifest: toml::Table = read(format!("crates/{krate}/Cargo.toml")).parse().unwrap();
    manifest["dependencies"].as_table().unwrap().keys().cloned().collect()
}

#[test]
fn layering() {
    for (krate, ours, _) in LAYERS {
        let used = dependencies(krate);
        let used: Vec<_> = used.iter().filter_map(|name| name.strip_prefix("carnac-")).collect();
        let stray: Vec<_> = used.iter().filter(|name| !ours.contains(name)).collect();
        assert!(stray.is_empty(), "{krate} may not use {stray:?}");
    }
    for (owner, _, libraries) in LAYERS {
        for (krate, ..) in LAYERS.iter().filter(|(krate, ..)| *krate != owner) {
            let stray: Vec<_> = dependencies(krate)
                .into_iter()
                .filter(|name| libraries.contains(&name.as_str()))
                .collect();
            assert!(stray.is_empty(), "only {owner} names {stray:?}, not {krate}");
        }
    }
}

/// What is drawn at random is drawn from a seed, by the generator and the savings model only.
#[test]
fn only_seeded_draws() {
    let random = |krate: &&str| dependencies(krate).iter().any(|name| name.starts_with("rand"));
    let krates: Vec<_> = LAYERS.iter().map(|(krate, ..)| *krate).filter(random).collect();
    assert_eq!(krates, ["sample", "savings"]);
    for (path, text) in sources().iter().filter(|(path, _)| path.starts_with("crates/")) {
        for word in ["rand::rng", "from_os_rng", "from_rng", "rand::random"] {
            assert!(!text.contains(word), "{path} names {word}");
        }
    }
}

/// Invariant 1: the models perform no I/O and know no clock.
#[test]
fn model_and_savings_are_pure() {
    for library in ["tokio", "datafusion", "object_store", "futures"] {
        for krate in ["model", "savings"] {
            let found = dependencies(krate).iter().any(|name| name == library);
            assert!(!found, "{krate} uses {library}");
        }
    }
    let is_pure =
        |path: &str| ["crates/model", "crates/savings"].iter().any(|of| path.starts_with(of));
    for (path, text) in sources().iter().filter(|(path, _)| is_pure(path)) {
        for word in
            ["std::fs", "std::io", "std::net", "std::env", "Utc::now", "SystemTime", "Instant"]
        {
            assert!(!text.contains(word), "{path} names {word}");
        }
    }
}

/// Invariant 3: the server sees the gateway, who asks, and the answer.
#[test]
fn server_sees_no_path_and_no_session() {
    for (path, text) in sources().iter().filter(|(path, _)| path.starts_with("crates/server")) {
        for word in
            ["SessionContext", "SessionState", "std::path", "std::fs", "carnac_lake", "datafusion"]
        {
            assert!(!text.contains(word), "{path} names {word}");
        }
    }
}

/// Invariant 4: only the lake writes, and only by `replaceWhere`.
#[test]
fn one_write_in_one_place() {
    let writes = |word: &str| -> Vec<String> {
        let is_production =
            |path: &str| path.starts_with("crates/") && !path.ends_with("/tests.rs");
        let production = sources().into_iter().filter(|(path, _)| is_production(path));
        production.filter(|(_, text)| text.contains(word)).map(|(path, _)| path).collect()
    };
    assert_eq!(writes("with_save_mode"), [""; 0]);
    assert_eq!(writes("WriteBuilder"), [""; 0]);
    assert_eq!(writes("CommitBuilder::from"), ["crates/lake/src/commit.rs"]);
    assert_eq!(
        writes("PutMode::Create"),
        ["crates/lake/src/folder.rs", "crates/lake/src/release.rs"]
    );
    assert_eq!(read("crates/lake/src/commit.rs").matches("CommitBuilder::from").count(), 1);
}

/// Two versions of these cannot exchange a batch, a plan or a store.
#[test]
fn one_version_of_what_must_agree() {
    let lock: toml::Table = read("Cargo.lock").parse().unwrap();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in lock["package"].as_array().unwrap() {
        versions
            .entry(package["name"].as_str().unwrap())
            .or_default()
            .push(package["version"].as_str().unwrap());
    }
    for name in [
        "arrow",
        "arrow-flight",
        "datafusion",
        "deltalake-core",
        "object_store",
        "parquet",
        "tonic",
    ] {
        assert_eq!(versions[name].len(), 1, "{name}: {:?}", versions[name]);
    }
}

#[test]
fn every_file_says_what_it_owns_and_stays_short() {
    for (path, text) in sources() {
        assert!(text.starts_with("//!"), "{path} has no first line of documentation");
        assert!(!path.ends_with("mod.rs"), "{path}: name the file after the module");
        let production = text.split("#[cfg(test)]").next().unwrap().lines().count();
        let flat = FLAT_TABLES.contains(&path.as_str());
        assert!(flat || production <= MAX_LINES, "{path} has {production} lines");
    }
}

#[test]
fn every_indicator_has_a_worked_example_and_an_identifier_of_its_own() {
    let mut ids = BTreeMap::new();
    for path in files("sql")
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
    {
        let text = std::fs::read_to_string(path).unwrap();
        let of =
            |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).map(str::to_owned);
        let id = (of("-- id: ").unwrap(), of("-- version: "));
        if let Some(other) = ids.insert(id.clone(), path.clone()) {
            panic!("{id:?} names {} and {}", path.display(), other.display());
        }
        let statement = text.lines().filter(|line| !line.starts_with("--")).count();
        assert!(statement <= 80, "{} is longer than 80 lines", path.display());
        if ["indicator", "assessment"].iter().any(|layer| path.parent().unwrap().ends_with(layer)) {
            assert!(
                path.with_extension("slt").exists(),
                "{} has no worked example",
                path.display()
            );
        }
    }
}
