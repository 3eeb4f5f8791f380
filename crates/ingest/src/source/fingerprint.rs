//! What decides how a source's bytes are read, so that a file is told from one landed before.

use std::path::Path;

use carnac_model::Input;

use super::{Source, edition_of};
use crate::{PseudonymKey, survey};

impl Source {
    /// Returns its empty books: the checksum, and the profile and key by which it is read.
    pub(crate) fn input(&self, key: Option<&PseudonymKey>) -> Input {
        let profile = self.profile.as_ref();
        let mut layout = profile.map(|profile| profile.fingerprint.clone()).unwrap_or_default();
        if let Some(key) = self.key_that_counts(key) {
            layout = format!("{layout}-{}", key.fingerprint());
        }
        let profile = profile.map(|profile| profile.name.clone());
        Input { profile, layout, ..Input::new(&self.sha256) }
    }

    /// Whether these bytes would be read as they were when they landed.
    ///
    /// What this run does not know has not changed: without a profile or a key, a file is as it was.
    pub(crate) fn is_read_as(&self, landed: &Input, key: Option<&PseudonymKey>) -> bool {
        let (by_profile, by_key) = landed.layout.split_once('-').unwrap_or((&landed.layout, ""));
        let same_profile =
            self.profile.as_ref().is_none_or(|profile| profile.fingerprint == by_profile);
        let key = self.key_that_counts(key);
        same_profile && key.is_none_or(|key| key.fingerprint() == by_key)
    }

    /// Whether a source of that file name would be of the same date, where names tell it.
    pub(crate) fn is_dated_as(&self, name: &str) -> bool {
        self.date_in(Path::new(name)) == self.date_in(&self.path)
    }

    /// The edition that a file name gives to every row, when the dataset has editions.
    fn date_in(&self, path: &Path) -> Option<String> {
        let has_edition = self.dataset.fields.iter().any(|field| field.header == "edition");
        edition_of(path).filter(|_| has_edition)
    }

    /// Only surveys are read with a key.
    fn key_that_counts<'k>(&self, key: Option<&'k PseudonymKey>) -> Option<&'k PseudonymKey> {
        key.filter(|_| self.dataset.name == survey::DATASET)
    }
}
