//! Profiles: how a source that does not follow our headers is laid out, as data in TOML.

use std::collections::BTreeMap;
use std::path::Path;

use carnac_model::{DATASETS, Dataset, dataset};
use encoding_rs::Encoding;
use serde::Deserialize;

use crate::survey;
use crate::{Error, Result, SurveyProfile};

/// One layout of one dataset.
///
/// ```toml
/// name = "region-exemple"
/// title = "Marchés de la région, export 2019"
/// dataset = "contracts"
/// encoding = "windows-1252"       # told from the bytes when absent
/// delimiter = ";"                 # told from the first line when absent
/// detect = ["Id du marché"]       # a file whose header has all of these has this layout
/// empty = ["Non disponible"]      # words that stand for "no value"
/// header = ["id", "montant"]      # names of the columns of a file that has none; such a file
///                                 # is told by their number, once its dataset is known
/// [columns]                       # our column = the file's
/// "acheteur.id" = "SIRET acheteur"
/// [constants]                     # our column = the value of every row
/// layout = "region"
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What it is called in reports.
    pub name: String,
    /// What it describes, for people.
    #[serde(default)]
    pub title: String,
    /// The dataset that its rows land in.
    dataset: String,
    encoding: Option<String>,
    delimiter: Option<char>,
    /// Names of the columns of a file that has no header.
    pub(crate) header: Option<Vec<String>>,
    #[serde(default)]
    detect: Vec<String>,
    #[serde(default)]
    pub(crate) empty: Vec<String>,
    #[serde(default)]
    columns: BTreeMap<String, String>,
    #[serde(default)]
    constants: BTreeMap<String, String>,
    /// What a survey asked, for a profile of `answers`.
    pub(crate) survey: Option<SurveyProfile>,
    /// Short hash of its text.
    #[serde(skip)]
    pub(crate) fingerprint: String,
}

impl Profile {
    /// Reads a profile; `origin` is where the text comes from, for errors.
    ///
    /// # Errors
    /// When it is not TOML of this form, or names a dataset, a column or an encoding that
    /// does not exist.
    pub fn parse(text: &str, origin: &Path) -> Result<Self> {
        let failed = |reason: String| Error::Profile { path: origin.to_owned(), reason };
        let mut profile: Self = toml::from_str(text).map_err(|error| failed(error.to_string()))?;
        profile.fingerprint = short(&blake3::hash(text.as_bytes()));
        let Some(dataset) = dataset(&profile.dataset) else {
            let known = DATASETS.iter().map(|dataset| dataset.name).collect::<Vec<_>>().join(", ");
            return Err(failed(format!("there is no dataset `{}`: {known}", profile.dataset)));
        };
        let fits = |name: &&String| {
            dataset.fields.iter().any(|field| field.header == *name || field.name == *name)
        };
        if let Some(name) =
            profile.columns.keys().chain(profile.constants.keys()).find(|n| !fits(n))
        {
            let known = dataset.fields.iter().map(|f| f.header).collect::<Vec<_>>().join(", ");
            return Err(failed(format!("{} has no column `{name}`: {known}", dataset.name)));
        }
        if profile.encoding.is_some() && profile.encoding().is_none() {
            return Err(failed("no such encoding: utf-8, windows-1252, utf-16le...".to_owned()));
        }
        if profile.delimiter.is_some_and(|delimiter| !delimiter.is_ascii()) {
            return Err(failed("the delimiter is one ASCII character".to_owned()));
        }
        if profile.survey.is_some() != (dataset.name == survey::DATASET) {
            let name = survey::DATASET;
            return Err(failed(format!("a profile of {name}, and no other, has a [survey]")));
        }
        profile.survey.as_ref().map_or(Ok(()), SurveyProfile::check).map_err(failed)?;
        Ok(profile)
    }

    /// Returns the dataset that its rows land in.
    ///
    /// # Panics
    /// Never: a profile that names no dataset is not made.
    #[must_use]
    pub fn dataset(&self) -> &'static Dataset {
        dataset(&self.dataset).expect("checked when it was parsed")
    }

    pub(crate) fn encoding(&self) -> Option<&'static Encoding> {
        Encoding::for_label(self.encoding.as_ref()?.as_bytes())
    }

    pub(crate) fn delimiter(&self) -> Option<u8> {
        self.delimiter.and_then(|delimiter| u8::try_from(delimiter).ok())
    }

    /// Whether a file with that header has this layout; `expected` is its dataset if it is known,
    /// without which a layout that detects nothing fits no file.
    ///
    /// A file without a header has data where that would be: as many values as the layout has
    /// names, and none of them a name.
    pub(crate) fn fits(&self, header: &[String], expected: Option<&'static Dataset>) -> bool {
        let named = |wanted: &String| header.contains(&wanted.trim().to_lowercase());
        let has_none =
            |names: &Vec<String>| names.len() == header.len() && !names.iter().any(named);
        if !self.header.as_ref().is_none_or(has_none) {
            return false;
        }
        let may = expected
            .map_or(!self.detect.is_empty(), |dataset| std::ptr::eq(dataset, self.dataset()));
        may && self.detect.iter().all(named)
    }

    /// What the file calls a column.
    pub(crate) fn column(&self, field: &carnac_model::Field) -> Option<&str> {
        self.columns.get(field.header).or_else(|| self.columns.get(field.name)).map(String::as_str)
    }

    /// The value that every row has.
    pub(crate) fn constant(&self, field: &carnac_model::Field) -> Option<&str> {
        let constant = self.constants.get(field.header).or_else(|| self.constants.get(field.name));
        constant.map(String::as_str)
    }
}

/// The first 16 hexadecimal digits of a hash.
pub(crate) fn short(hash: &blake3::Hash) -> String {
    hash.to_hex().chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Profile> {
        Profile::parse(text, Path::new("x.toml"))
    }

    #[test]
    fn a_file_without_a_header_is_told_by_its_columns() {
        let text = "name = \"x\"\ndataset = \"contracts\"\nheader = [\"id\", \"montant\"]\n";
        let (profile, contracts) = (parse(text).unwrap(), dataset("contracts"));
        let fits = |line: [&str; 2]| profile.fits(&line.map(str::to_owned), contracts);
        assert!(fits(["m1", "200"]));
        assert!(!fits(["id", "montant"]) && !fits(["m1", "montant"]));
        assert!(!profile.fits(&["m1".to_owned()], contracts));
        assert!(!profile.fits(&["m1".to_owned(), "200".to_owned()], None));
    }

    #[test]
    fn what_a_profile_names_must_exist() {
        let good = "name = \"x\"\ndataset = \"contracts\"\nencoding = \"windows-1252\"\n\
                    detect = [\"Id du marché \"]\n[columns]\nmontant = \"Montant HT\"\n";
        let profile = parse(good).unwrap();
        assert!(profile.fits(&["id du marché".to_owned(), "x".to_owned()], None));
        assert!(!profile.fits(&["x".to_owned()], None));
        for (from, to, told) in [
            ("contracts", "contrats", "no dataset"),
            ("montant =", "prix =", "no column `prix`"),
            ("windows-1252", "klingon", "no such encoding"),
            ("name", "nom", "unknown field"),
        ] {
            let error = parse(&good.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
