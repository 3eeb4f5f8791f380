//! Which tables of the lake a view reads, through the views below it too.

use std::collections::{BTreeMap, BTreeSet};

use carnac_lake::QUARANTINE;
use datafusion::sql::parser::DFParser;
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;

use crate::{Error, Layer, Result, SqlFile, Views, scenario};

/// What the rows of a view depend on.
#[derive(Debug)]
pub(crate) struct Below {
    /// Its own text, those of the views below it and those of all functions, by
    /// `<layer>/<name>.sql`.
    pub(crate) texts: BTreeMap<String, String>,
    /// The tables of the lake that it reads, through the views below it too.
    pub(crate) tables: BTreeSet<String>,
}

impl Views {
    /// Returns what a view depends on.
    ///
    /// # Errors
    /// [`Error::SqlFile`] for the first file that does not parse.
    pub(crate) fn below(&self, file: &SqlFile) -> Result<Below> {
        let functions = self.layer(Layer::Function);
        let texts = functions.map(|file| (file.path(), file.sql.clone())).collect();
        let mut below = Below { texts, tables: BTreeSet::new() };
        let mut found = vec![file];
        while let Some(file) = found.pop() {
            if below.texts.insert(file.path(), file.sql.clone()).is_some() {
                continue;
            }
            for (schema, name) in named(file)? {
                match (schema.as_str(), name.as_str()) {
                    // The release's own row is no data.
                    ("lake", "release") => {}
                    ("lake", _) | ("ops", QUARANTINE) => drop(below.tables.insert(name)),
                    ("", scenario::NAME) => {
                        let read = scenario::READS.iter();
                        found.extend(read.filter_map(|(schema, name)| self.file(schema, name)));
                    }
                    _ => found.extend(self.file(&schema, &name)),
                }
            }
        }
        Ok(below)
    }

    fn file(&self, layer: &str, name: &str) -> Option<&SqlFile> {
        self.files().iter().find(|file| file.layer.name() == layer && file.name == name)
    }

    /// Returns the files of a layer that read one of `tables`, in the order of their names.
    ///
    /// # Errors
    /// [`Error::SqlFile`] for the first file that does not parse.
    pub fn touched_by(&self, layer: Layer, tables: &BTreeSet<String>) -> Result<Vec<&SqlFile>> {
        let mut touched = Vec::new();
        for file in self.layer(layer) {
            if !self.below(file)?.tables.is_disjoint(tables) {
                touched.push(file);
            }
        }
        Ok(touched)
    }
}

/// The tables and views that the text of a file names, as schema and name.
fn named(file: &SqlFile) -> Result<Vec<(String, String)>> {
    let mut statements = DFParser::parse_sql_with_dialect(&file.sql, &PostgreSqlDialect {})
        .map_err(Error::planning)?;
    let Some(statement) = statements.pop_front() else { return Ok(Vec::new()) };
    let (tables, _) = resolve_table_references(&statement, true).map_err(Error::planning)?;
    let named = |table: &datafusion::common::TableReference| {
        (table.schema().unwrap_or_default().to_owned(), table.table().to_owned())
    };
    Ok(tables.iter().map(named).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_indicator_is_touched_by_the_tables_below_its_views() {
        let views = Views::embedded().unwrap();
        let touched = |table: &str| -> Vec<String> {
            let tables = BTreeSet::from([table.to_owned()]);
            let files = views.touched_by(Layer::Indicator, &tables).unwrap();
            files.into_iter().map(|file| file.header.id.clone()).collect()
        };
        assert!(touched("act_messages").contains(&"A08".to_owned()), "through core.acts");
        assert!(!touched("bids").contains(&"A08".to_owned()));
        assert!(touched("release").is_empty() && touched("no_such_table").is_empty());
    }
}
