//! What decides how a source's bytes are read, so that a file is told from one landed before.

use std::path::Path;

use carnac_model::Input;

use super::{Source, edition_of};
use crate::{PseudonymKey, survey};

/// Datasets whose readers look at the file name; of an archive they look at those in it.
const TOLD_BY_NAME: [&str; 3] = ["act_messages", "classifications", "outlines"];

impl Source {
    /// Returns its empty books: the checksum, and the profile and key by which it is read.
    pub(crate) fn input(&self, key: Option<&PseudonymKey>) -> Input {
        let profile = self.profile.as_ref();
        let mut layout = profile.map(|profile| profile.fingerprint.clone()).unwrap_or_default();
        if let Some(key) = self.key_that_counts(key) {
            layout = format!("{layout}-{}", key.fingerprint());
        }
        let profile = profile.map(|profile| profile.name.clone());
        let stamp = self.content.stamp.clone();
        Input { profile, layout, stamp, ..Input::new(&self.content.sha256) }
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

    /// Whether these bytes would land the same rows under that file name: names of some datasets
    /// tell a part of what lands, the date of a list or the département of a préfecture's answer.
    pub(crate) fn is_named_as(&self, name: &str) -> bool {
        let (own, other) = (Path::new(&self.name), Path::new(name));
        if TOLD_BY_NAME.contains(&self.dataset.name) && self.members.len() == 1 {
            return own.file_name() == other.file_name();
        }
        let has_edition = self.dataset.fields.iter().any(|field| field.header == "edition");
        !has_edition || edition_of(own) == edition_of(other)
    }

    /// Only surveys are read with a key.
    fn key_that_counts<'k>(&self, key: Option<&'k PseudonymKey>) -> Option<&'k PseudonymKey> {
        key.filter(|_| self.dataset.name == survey::DATASET)
    }
}
