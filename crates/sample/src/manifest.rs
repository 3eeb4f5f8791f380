//! What was written: rows of each file, and how many of them break which rule.

use std::collections::BTreeMap;

use crate::survey;

/// Counts of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileCounts {
    /// Rows that are read of it: those below the header; of a survey one an item of each response,
    /// or one in all where the response is to be rejected.
    pub rows: u64,
    /// Rows to be rejected, by the identifier of the rule in [`carnac_model::RULES`].
    pub rejected: BTreeMap<&'static str, u64>,
    /// Rows to be accepted with a warning, by the identifier of the rule.
    pub warned: BTreeMap<&'static str, u64>,
    /// Rows that are odd on purpose but to be accepted, by what is odd.
    pub tolerated: BTreeMap<&'static str, u64>,
}

/// Everything that a run wrote, by path below its folder, `acts/acts-synthetic-2025.csv`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The counts of each file.
    pub files: BTreeMap<String, FileCounts>,
}

impl Manifest {
    /// Returns the rows of all files.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.files.values().map(|file| file.rows).sum()
    }

    /// Returns the waves of the survey of which there is a file, in order.
    pub(crate) fn waves(&self) -> impl Iterator<Item = u16> {
        let is_written = |wave: &u16| self.files.contains_key(&survey::export_path(*wave));
        survey::WAVES.into_iter().filter(is_written)
    }

    /// Returns the rows of all files that are to be rejected.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.files.values().flat_map(|file| file.rejected.values()).sum()
    }

    /// Writes it as JSON after some members of one object, `"seed": 42,`.
    pub(crate) fn json(&self, about: &str) -> String {
        let mut json = format!("{{\n  {about}\n  \"rows\": {},\n  \"files\": [", self.rows());
        let mut between = "\n";
        for (name, file) in &self.files {
            json.push_str(&format!(
                "{between}    {{\"file\": \"{name}\", \"rows\": {}, \
                 \"rejected\": {}, \"warned\": {}, \"tolerated\": {}}}",
                file.rows,
                object(&file.rejected),
                object(&file.warned),
                object(&file.tolerated)
            ));
            between = ",\n";
        }
        json.push_str("\n  ]\n}\n");
        json
    }
}

fn object(counts: &BTreeMap<&'static str, u64>) -> String {
    let members: Vec<_> = counts.iter().map(|(name, n)| format!("\"{name}\": {n}")).collect();
    format!("{{{}}}", members.join(", "))
}
