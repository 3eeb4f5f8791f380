//! Which tables of the lake a view reads, through the views below it too.

use std::collections::{BTreeMap, BTreeSet};

use carnac_lake::QUARANTINE;
use datafusion::sql::parser::DFParser;
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;

use crate::{Error, Layer, Result, SqlFile, Views};

impl Views {
    /// Returns the tables of the lake that each view reads, by `layer.name`.
    ///
    /// # Errors
    /// [`Error::SqlFile`] for the first file that does not parse.
    pub fn reads(&self) -> Result<BTreeMap<String, BTreeSet<String>>> {
        let mut reads: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        // A view reads only from lower layers, which come before it.
        for file in self.files().iter().filter(|file| file.layer != Layer::Function) {
            let mut tables = BTreeSet::new();
            for (schema, name) in named(file)? {
                match (schema.as_str(), name.as_str()) {
                    // The release's own row is no data.
                    ("lake", "release") => {}
                    ("lake", _) | ("ops", QUARANTINE) => drop(tables.insert(name)),
                    _ => tables.extend(
                        reads.get(&format!("{schema}.{name}")).into_iter().flatten().cloned(),
                    ),
                }
            }
            reads.insert(format!("{}.{}", file.layer, file.name), tables);
        }
        Ok(reads)
    }

    /// Returns the texts on which the rows of a view depend, by `<layer>/<name>.sql`: its own, those
    /// of the views below it, and those of all functions.
    ///
    /// # Errors
    /// As [`Views::reads`].
    pub(crate) fn below(&self, file: &SqlFile) -> Result<BTreeMap<String, String>> {
        let functions = self.layer(Layer::Function);
        let mut texts: BTreeMap<_, _> =
            functions.map(|file| (file.path(), file.sql.clone())).collect();
        let mut found = vec![file];
        while let Some(file) = found.pop() {
            for (schema, name) in named(file)? {
                let is_named = |file: &&SqlFile| file.layer.name() == schema && file.name == name;
                found.extend(self.files().iter().find(is_named));
            }
            texts.insert(file.path(), file.sql.clone());
        }
        Ok(texts)
    }

    /// Returns the files of a layer that read one of `tables`, in the order of their names.
    ///
    /// # Errors
    /// As [`Views::reads`].
    pub fn touched_by(&self, layer: Layer, tables: &BTreeSet<String>) -> Result<Vec<&SqlFile>> {
        let reads = self.reads()?;
        let of = |file: &SqlFile| reads.get(&format!("{}.{}", file.layer, file.name));
        let touched = |file: &&SqlFile| of(file).is_some_and(|read| !read.is_disjoint(tables));
        Ok(self.layer(layer).filter(touched).collect())
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
