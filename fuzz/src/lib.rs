//! One way to read bytes as a named file, for every target.

use std::path::Path;
use std::sync::{Arc, Once};

use carnac_ingest::{Profile, PseudonymKey, Source, find, inspect};
use chrono::NaiveDate;

/// The layout of the survey whose exports are in `data-samples/answers`.
const SURVEY: &str = include_str!("../../data-samples/profiles/enquete-exemple-2024.toml");

/// Reads a file, or each file of an archive, as one of a dataset (or of the one it seems to be of).
///
/// # Panics
/// When the rows accepted and the rows rejected are not the rows read, or a reader lets a panic out.
pub fn trial(name: &str, named: Option<&str>, bytes: &[u8]) {
    let profile = Profile::parse(SURVEY, Path::new("survey")).expect("a profile");
    trial_with(profile, name, named, bytes);
}

/// Reads a file that may have the layout of a profile.
///
/// # Panics
/// As [`trial`].
pub fn trial_with(profile: Profile, name: &str, named: Option<&str>, bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("write a temporary file");
    let dataset = named.and_then(carnac_model::dataset);
    let profiles = [Arc::new(profile)];
    let key = PseudonymKey::parse("a passphrase to fuzz with").expect("a key");
    let run_date = NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date");
    for found in find(&path).into_iter().flat_map(|contents| contents.files) {
        let Ok(source) = Source::open(found, dataset, &profiles) else { continue };
        if let Ok(found) = inspect(&source, Some(&key), run_date) {
            assert_eq!(found.read, found.accepted + found.rejected_count());
        }
    }
}

/// Reads a file of a format whose library panics on some files that lie, which the reader catches.
///
/// The fuzzer's hook would end the process before that; a panic that gets out still ends it.
pub fn trial_of_lies(name: &str, named: Option<&str>, bytes: &[u8]) {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    trial(name, named, bytes);
}

/// The first byte chooses one of several names; none of no bytes.
pub fn named<'n, 'b>(names: &[&'n str], bytes: &'b [u8]) -> Option<(&'n str, &'b [u8])> {
    let (choice, rest) = bytes.split_first()?;
    Some((names[usize::from(*choice) % names.len()], rest))
}
