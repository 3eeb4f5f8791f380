//! The tables and views that exist for a principal, as they are listed.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::catalog::CatalogProviderList;
use datafusion::logical_expr::TableType;

use super::{CATALOG, Catalog};
use crate::{Bilingual, Error, Principal, Result, answer};

/// A table or view that a principal sees.
#[derive(Debug, Clone)]
pub struct TableEntry {
    /// Always `carnac`.
    pub catalog: String,
    /// Schema name.
    pub schema: String,
    /// Table name.
    pub name: String,
    /// `TABLE` or `VIEW`.
    pub kind: &'static str,
    /// Its columns.
    pub columns: SchemaRef,
    /// What it is called; none of what no file defines.
    pub title: Option<Bilingual>,
}

impl Catalog {
    /// Lists the tables and views that exist for `principal`, by schema and name.
    ///
    /// # Errors
    /// When a table cannot be opened.
    pub(crate) async fn tables(&self, principal: Principal) -> Result<Vec<TableEntry>> {
        let session = self.session(principal);
        let catalogs: &Arc<dyn CatalogProviderList> = session.catalog_list();
        let mut entries = Vec::new();
        let Some(catalog) = catalogs.catalog(CATALOG) else { return Ok(entries) };
        for schema in principal.schemas() {
            let Some(provider) = catalog.schema(schema) else { continue };
            let mut names = provider.table_names();
            names.sort();
            for name in names {
                let Some(table) = provider.table(&name).await.map_err(Error::planning)? else {
                    continue;
                };
                let kind = if table.table_type() == TableType::View { "VIEW" } else { "TABLE" };
                entries.push(TableEntry {
                    catalog: CATALOG.to_owned(),
                    schema: (*schema).to_owned(),
                    kind,
                    columns: answer::plain(&table.schema()),
                    title: self.views.title(schema, &name).cloned(),
                    name,
                });
            }
        }
        Ok(entries)
    }
}
