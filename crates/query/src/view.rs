//! The SQL files: their layers, names and texts, as they are loaded at start.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use carnac_model::{definitions_hash, indicator};
use include_dir::{Dir, include_dir};

use crate::header::{Bilingual, Header, Version};
use crate::{Error, Result};

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../sql");

/// A folder of SQL files, in load order: each reads only from those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// Scalar functions in SQL.
    Function,
    /// One view a Delta table: renamed and cast; the only layer that reads `lake`.
    Staging,
    /// Joined facts and dimensions at a declared grain.
    Core,
    /// Facts and costs summed to the grain of figures, which several indicators share.
    Cube,
    /// Indicators, with the fixed columns.
    Indicator,
    /// Rates of all authorities side by side, and the groups in which they are compared.
    Peer,
    /// Where an authority stands: among its peers, over time, against its target.
    Assessment,
    /// What everybody may read.
    Published,
    /// The rows that break a rule of the whole release, for operators.
    Audit,
}

impl Layer {
    /// Every layer, in load order.
    pub const ALL: [Self; 9] = [
        Self::Function,
        Self::Staging,
        Self::Core,
        Self::Cube,
        Self::Indicator,
        Self::Peer,
        Self::Assessment,
        Self::Published,
        Self::Audit,
    ];

    /// Returns the folder name, which is the schema name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Staging => "staging",
            Self::Core => "core",
            Self::Cube => "cube",
            Self::Indicator => "indicator",
            Self::Peer => "peer",
            Self::Assessment => "assessment",
            Self::Published => "published",
            Self::Audit => "audit",
        }
    }

    /// Returns whether a view of this layer may read from that schema.
    #[must_use]
    pub fn may_read(self, schema: &str) -> bool {
        match self {
            Self::Function => false,
            Self::Staging => ["lake", "ops"].contains(&schema),
            Self::Audit => ["staging", "core", "ops"].contains(&schema),
            Self::Core
            | Self::Cube
            | Self::Indicator
            | Self::Peer
            | Self::Assessment
            | Self::Published => Self::ALL
                .iter()
                .any(|below| *below != Self::Function && *below < self && below.name() == schema),
        }
    }

    pub(crate) fn has_definition(self) -> bool {
        matches!(self, Self::Indicator | Self::Assessment | Self::Published)
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One SQL file.
#[derive(Debug, Clone)]
pub struct SqlFile {
    /// Its folder.
    pub layer: Layer,
    /// Its stem: the name of the view or function.
    pub name: String,
    /// What it says about itself.
    pub header: Header,
    /// The whole text, header included, so that line numbers are the file's.
    pub sql: String,
}

impl SqlFile {
    /// Returns `layer/name.sql`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/{}.sql", self.layer, self.name)
    }

    /// Returns the line, from 1, of a key of its header.
    pub(crate) fn line_of(&self, key: &str) -> usize {
        let is_key = |line: &str| {
            line.strip_prefix("-- ")
                .and_then(|line| line.strip_prefix(key))
                .is_some_and(|rest| rest.starts_with(':'))
        };
        self.sql.lines().position(is_key).map_or(1, |place| place + 1)
    }

    /// Returns the column that says whose row it is; an indicator always has it.
    pub(crate) fn owner(&self) -> Option<&str> {
        match self.layer {
            Layer::Indicator => Some(indicator::COLUMNS[0].0),
            _ => self.header.owner.as_deref(),
        }
    }

    /// Returns how a function is called: its name, its arguments and what it returns.
    #[must_use]
    pub fn signature(&self) -> Option<&str> {
        self.sql.lines().find_map(|line| line.strip_prefix("create function "))
    }

    /// Builds the error that stops the start, at a line from 1.
    pub(crate) fn error(&self, line: usize, reason: String) -> Error {
        sql_error(self.path(), &self.sql, line, reason)
    }
}

/// All SQL files, by layer and then by name.
#[derive(Debug, Clone)]
pub struct Views {
    files: Vec<SqlFile>,
    hash: String,
    is_to_check: bool,
}

impl Views {
    /// Loads the files that the program carries.
    ///
    /// # Errors
    /// [`Error::SqlFile`] for the first file whose header is wrong.
    pub fn embedded() -> Result<Self> {
        let mut texts = Vec::new();
        for layer in Layer::ALL {
            for file in EMBEDDED.get_dir(layer.name()).into_iter().flat_map(Dir::files) {
                texts.push((
                    layer,
                    file.path().to_owned(),
                    file.contents_utf8().unwrap_or_default().to_owned(),
                ));
            }
        }
        Self::parse(texts)
    }

    /// Loads the files of a folder instead; a layer may have none.
    ///
    /// # Errors
    /// When it cannot be read, or [`Error::SqlFile`].
    pub fn from_folder(folder: &Path) -> Result<Self> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::ReadSql { path, source }
        };
        let mut texts = Vec::new();
        folder.read_dir().map_err(failed(folder))?;
        for layer in Layer::ALL {
            let path = folder.join(layer.name());
            if !path.exists() {
                continue;
            }
            for entry in path.read_dir().map_err(failed(&path))? {
                let file = entry.map_err(failed(&path))?.path();
                let text = std::fs::read_to_string(&file).map_err(failed(&file))?;
                texts.push((layer, file, text));
            }
        }
        Ok(Self { is_to_check: true, ..Self::parse(texts)? })
    }

    /// Loads files from their texts, by `<layer>/<name>.sql`.
    ///
    /// # Errors
    /// [`Error::SqlFile`], also for a file of a layer that is not known.
    pub fn from_texts(files: &BTreeMap<String, String>) -> Result<Self> {
        let mut texts = Vec::with_capacity(files.len());
        for (path, text) in files {
            let folder = path.split('/').next().unwrap_or_default();
            let layer = Layer::ALL.into_iter().find(|layer| layer.name() == folder);
            let unknown = || {
                let reason = format!("`{folder}` is no layer that this program knows");
                sql_error(path.clone(), text, 1, reason)
            };
            texts.push((layer.ok_or_else(unknown)?, PathBuf::from(path), text.clone()));
        }
        Self::parse(texts)
    }

    /// Returns the text of every file, by `<layer>/<name>.sql`.
    #[must_use]
    pub fn texts(&self) -> BTreeMap<String, String> {
        self.files.iter().map(|file| (file.path(), file.sql.clone())).collect()
    }

    /// Returns the hash of all texts: two sets of one hash define the same figures.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    fn parse(texts: Vec<(Layer, PathBuf, String)>) -> Result<Self> {
        let mut files = Vec::new();
        for (layer, path, sql) in texts {
            if path.extension().is_none_or(|extension| extension != "sql") {
                continue;
            }
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let header = Header::parse(&sql, layer).map_err(|(line, reason)| {
                sql_error(format!("{layer}/{name}.sql"), &sql, line, reason)
            })?;
            files.push(SqlFile { layer, name, header, sql });
        }
        files.sort_by(|a, b| (a.layer, &a.name).cmp(&(b.layer, &b.name)));
        check_versions(&files)?;
        let mut views = Self { files, hash: String::new(), is_to_check: false };
        views.hash = definitions_hash(&views.texts());
        Ok(views)
    }

    /// Returns whether these files may never have been planned.
    pub(crate) fn is_to_check(&self) -> bool {
        self.is_to_check
    }

    /// Returns all files, in load order.
    #[must_use]
    pub fn files(&self) -> &[SqlFile] {
        &self.files
    }

    /// Returns what has a code of the catalogue, `A08`; `published.savings` is a view of others.
    pub fn indicators(&self) -> impl Iterator<Item = &SqlFile> {
        let is_one = |file: &&SqlFile| file.layer.has_definition() && !file.header.id.contains('.');
        self.files.iter().filter(is_one)
    }

    /// Returns what a view is called; none when no file defines it.
    pub(crate) fn title(&self, schema: &str, name: &str) -> Option<&Bilingual> {
        let is_it = |file: &&SqlFile| file.layer.name() == schema && file.name == name;
        self.files.iter().find(is_it).map(|file| &file.header.title)
    }

    /// Returns the files of one layer, by name.
    pub fn layer(&self, layer: Layer) -> impl Iterator<Item = &SqlFile> {
        self.files.iter().filter(move |file| file.layer == layer)
    }
}

/// Of one identifier one version holds at a time, and a past one is named after the newest: beside
/// `rate` the view of version 1 is `rate_v1`.
fn check_versions(files: &[SqlFile]) -> Result<()> {
    let mut by_id: BTreeMap<&str, Vec<(Version, &SqlFile)>> = BTreeMap::new();
    for file in files {
        if let Some(definition) = &file.header.definition {
            by_id.entry(&file.header.id).or_default().push((definition.version, file));
        }
    }
    for versions in by_id.values_mut() {
        versions.sort_by_key(|(version, _)| version.number);
        let newest = versions.last().map(|(_, file)| file.name.as_str()).unwrap_or_default();
        for ((version, file), (next, _)) in versions.iter().zip(versions.iter().skip(1)) {
            let error = |reason| Err(file.error(file.line_of("version"), reason));
            let (number, next_number) = (version.number, next.number);
            if number == next_number || version.until.is_none_or(|until| until >= next.from) {
                return error(format!("version {number} ends before version {next_number} begins"));
            }
            let expected = format!("{newest}_v{number}");
            if file.name != expected {
                return error(format!("the view of this past version is called {expected}"));
            }
        }
    }
    Ok(())
}

fn sql_error(file: String, sql: &str, line: usize, reason: String) -> Error {
    let text = sql.lines().nth(line.saturating_sub(1)).unwrap_or_default().to_owned();
    Error::SqlFile { file, line, reason, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_all_that_views_are_made_of() {
        let views = Views::embedded().unwrap();
        let again = Views::from_texts(&views.texts()).unwrap();
        assert_eq!(views.hash(), again.hash());
        let names = |views: &Views| views.files().iter().map(SqlFile::path).collect::<Vec<_>>();
        assert_eq!(names(&views), names(&again));
        let mut texts = views.texts();
        texts.values_mut().next().unwrap().push('\n');
        assert_ne!(Views::from_texts(&texts).unwrap().hash(), views.hash());
        let unknown = BTreeMap::from([("gold/a.sql".to_owned(), String::new())]);
        let error = Views::from_texts(&unknown).unwrap_err().to_string();
        assert!(error.starts_with("gold/a.sql:1: `gold` is no layer"), "{error}");
    }

    fn indicator(name: &str, version: &str) -> (Layer, PathBuf, String) {
        let text = format!(
            "-- id: A00\n-- title: Oui / Yes\n-- unit: ratio\n-- grain: siren, period\n\
             -- version: {version}\n-- definition: un / one\n-- numerator: un / one\n\
             -- denominator: un / one\n-- source: un / one\n-- freshness: un / one\n\
             -- caveat: un / one\n-- disclosure: D0\nselect 1"
        );
        (Layer::Indicator, PathBuf::from(format!("{name}.sql")), text)
    }

    #[test]
    fn versions_of_an_indicator_follow_one_another() {
        let first = || indicator("rate_v1", "1, from 2007-01-01, until 2024-12-31");
        let second = || indicator("rate", "2, from 2025-01-01");
        assert_eq!(Views::parse(vec![second(), first()]).unwrap().files().len(), 2);
        let wrong = [
            indicator("rate_v1", "1, from 2007-01-01"),
            indicator("rate_v1", "1, from 2007-01-01, until 2025-01-01"),
            indicator("rate_v1", "2, from 2007-01-01, until 2024-12-31"),
            indicator("rate_old", "1, from 2007-01-01, until 2024-12-31"),
        ];
        for file in wrong {
            let told = Views::parse(vec![second(), file.clone()]).unwrap_err().to_string();
            assert!(told.contains(":5:"), "{file:?}: {told}");
        }
    }
}
