//! PostgreSQL's own catalogue, as far as its clients ask for it: `pg_catalog` and its functions,
//! of what one principal sees.
//!
//! No table of it is listed anywhere, and none says more than the gateway's own lists.

mod functions;
mod lists;
mod nothing;
mod parameters;
mod patterns;
mod relations;
mod rewrite;
mod single;
mod tables;
mod told;
mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::ScalarUDF;

use self::relations::Row;
use super::entries::Entries;
use crate::Principal;

pub use self::types::PostgresType;

pub(crate) use self::rewrite::rewrite;

/// The version of PostgreSQL that clients are told: whose catalogue and protocol they may expect.
pub const VERSION: &str = "16.6";

/// Name of the schema.
pub(super) const SCHEMA: &str = "pg_catalog";

/// Name of the one database, and of the one who owns all of it.
const DATABASE: &str = "carnac";
const USER: &str = "carnac";

/// Words that are no names in PostgreSQL unless they are quoted.
const RESERVED: &str = "all analyse analyze and any array as asc asymmetric both case cast check \
    collate column constraint create current_catalog current_date current_role current_time \
    current_timestamp current_user default deferrable desc distinct do else end except false fetch \
    for foreign from grant group having in initially intersect into lateral leading limit localtime \
    localtimestamp not null offset on only or order placing primary references returning select \
    session_user some symmetric system_user table then to trailing true union unique user using \
    variadic when where window with";

const REGCLASS_OID: &str = "regclass_oid";
const REGCLASS_NAME: &str = "regclass_name";
const REGTYPE_OID: &str = "regtype_oid";

/// Numbers of what there is but once.
const OF_SCHEMA: u32 = 11;
const OF_INFORMATION: u32 = 13_000;
const OF_DATABASE: u32 = 16_384;
const OF_USER: u32 = 10;
/// Where the database is, as `pg_database` says.
const OF_FILES: u32 = 1663;
/// The first numbers of schemas and of tables.
const SCHEMAS_FROM: u32 = 16_400;
const TABLES_FROM: u32 = 20_000;

/// A table or view, as the catalogue lists it.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    /// Its number, the same for every principal.
    oid: u32,
    pub(super) schema: &'static str,
    pub(super) name: String,
    is_view: bool,
}

impl Relation {
    /// Gives relations their numbers, in the order of all schemas and names.
    pub(super) fn numbered(
        all: impl IntoIterator<Item = (&'static str, String, bool)>,
    ) -> Vec<Self> {
        let relation = |(oid, (schema, name, is_view))| Self { oid, schema, name, is_view };
        (TABLES_FROM..).zip(all).map(relation).collect()
    }
}

/// The schema `pg_catalog` of one principal.
#[derive(Debug)]
pub(super) struct PgCatalog {
    entries: Arc<Entries>,
    /// What the principal sees.
    relations: Arc<Vec<Relation>>,
    schemas: &'static [&'static str],
}

/// Returns the functions that tell nothing of relations.
pub(super) fn functions() -> Vec<ScalarUDF> {
    functions::functions()
}

impl PgCatalog {
    pub(super) fn new(entries: &Arc<Entries>, principal: Principal) -> Self {
        let relations = Arc::new(entries.relations(principal));
        Self { entries: Arc::clone(entries), relations, schemas: principal.schemas() }
    }

    /// Returns the functions that tell of relations.
    pub(super) fn functions(&self) -> [ScalarUDF; 3] {
        let (by_name, by_number) = (Arc::clone(&self.relations), Arc::clone(&self.relations));
        let oid = move |given: &[Option<&str>]| {
            let name = given.first().copied().flatten()?.replace('"', "");
            let oid = name.parse().ok();
            let found = by_name.iter().find(|of| {
                let parts = name.split_once('.');
                name == of.name
                    || parts == Some((of.schema, of.name.as_str()))
                    || oid == Some(of.oid)
            });
            Some(found?.oid.to_string())
        };
        let name = move |given: &[Option<&str>]| {
            let oid: u32 = given.first().copied().flatten()?.parse().ok()?;
            let found = by_number.iter().find(|of| of.oid == oid);
            Some(found.map_or_else(|| oid.to_string(), |of| format!("{}.{}", of.schema, of.name)))
        };
        [
            functions::Known::new(REGCLASS_OID, DataType::UInt32, oid.clone()),
            functions::Known::new("to_regclass", DataType::UInt32, oid),
            functions::Known::new(REGCLASS_NAME, DataType::Utf8, name),
        ]
        .map(ScalarUDF::new_from_impl)
    }

    fn schema_oid(schema: &str) -> u32 {
        let all = Principal::Operator.schemas();
        let place = all.iter().position(|name| *name == schema).unwrap_or(all.len());
        SCHEMAS_FROM.saturating_add(u32::try_from(place).unwrap_or(u32::MAX))
    }

    async fn rows(&self, table: &str) -> Vec<Row> {
        match table {
            "pg_namespace" => self.namespaces(),
            "pg_class" => self.relations.iter().map(class).collect(),
            "pg_attribute" => self.attributes().await,
            "pg_type" => types(),
            tables::COLUMN_TYPES => self.column_types().await,
            tables::RECEIVERS => receivers(),
            tables::KEYWORDS => {
                RESERVED.split_whitespace().map(|word| row([("word", word.to_owned())])).collect()
            }
            "pg_tables" => self.named(false, "tablename"),
            "pg_views" => self.named(true, "viewname"),
            "pg_database" => {
                vec![row([("oid", OF_DATABASE.to_string()), ("datname", DATABASE.to_owned())])]
            }
            "pg_tablespace" => {
                vec![row([("oid", OF_FILES.to_string()), ("spcname", "pg_default".to_owned())])]
            }
            "pg_roles" => vec![row([("oid", OF_USER.to_string()), ("rolname", USER.to_owned())])],
            "pg_user" => {
                vec![row([("usesysid", OF_USER.to_string()), ("usename", USER.to_owned())])]
            }
            "pg_settings" => {
                let settings = [("server_version", VERSION), ("max_index_keys", "32")];
                let setting = |(name, value): (&str, &str)| {
                    row([("name", name.to_owned()), ("setting", value.to_owned())])
                };
                settings.into_iter().map(setting).collect()
            }
            _ => Vec::new(),
        }
    }

    fn namespaces(&self) -> Vec<Row> {
        let own = self.schemas.iter().map(|name| (Self::schema_oid(name), *name));
        let fixed = [(OF_SCHEMA, SCHEMA), (OF_INFORMATION, "information_schema")];
        let namespace = |(oid, name): (u32, &str)| {
            row([("oid", oid.to_string()), ("nspname", name.to_owned())])
        };
        own.chain(fixed).map(namespace).collect()
    }

    fn named(&self, are_views: bool, column: &'static str) -> Vec<Row> {
        let of = self.relations.iter().filter(|of| of.is_view == are_views);
        of.map(|of| row([("schemaname", of.schema.to_owned()), (column, of.name.clone())]))
            .collect()
    }

    async fn attributes(&self) -> Vec<Row> {
        let attribute = |relation: &Relation, place: usize, field: &Field| {
            let of = PostgresType::of(field.data_type());
            row([
                ("attrelid", relation.oid.to_string()),
                ("attname", field.name().clone()),
                ("atttypid", of.oid.to_string()),
                ("attlen", of.size.to_string()),
                ("attnum", place.to_string()),
                ("atttypmod", PostgresType::modifier(field.data_type()).to_string()),
            ])
        };
        self.of_columns(attribute).await
    }

    /// The columns as `information_schema` of PostgreSQL tells them.
    async fn column_types(&self) -> Vec<Row> {
        let column = |relation: &Relation, place: usize, field: &Field| {
            let of = PostgresType::of(field.data_type());
            let is_list = of.category == "A";
            let mut row = row([
                ("table_schema", relation.schema.to_owned()),
                ("table_name", relation.name.clone()),
                ("column_name", field.name().clone()),
                ("ordinal_position", place.to_string()),
                ("data_type", if is_list { "ARRAY" } else { of.sql_name }.to_owned()),
                ("udt_name", format!("{}{}", if is_list { "_" } else { "" }, of.name)),
            ]);
            if let DataType::Decimal128(precision, scale) = PostgresType::plain(field.data_type()) {
                row.insert("numeric_precision", precision.to_string());
                row.insert("numeric_scale", scale.to_string());
            }
            row
        };
        self.of_columns(column).await
    }

    /// A row for each column of what the principal sees, made of its table, place and type.
    async fn of_columns(&self, of: impl Fn(&Relation, usize, &Field) -> Row) -> Vec<Row> {
        let mut rows = Vec::new();
        for relation in self.relations.iter() {
            // What cannot be opened has no columns to tell of.
            let table = self.entries.table(relation.schema, &relation.name).await;
            let Ok(Some(table)) = table else { continue };
            let schema = table.schema();
            let columns = (1..).zip(schema.fields());
            rows.extend(columns.map(|(place, field)| of(relation, place, field)));
        }
        rows
    }
}

fn row<const N: usize>(values: [(&'static str, String); N]) -> Row {
    BTreeMap::from(values)
}

fn class(of: &Relation) -> Row {
    row([
        ("oid", of.oid.to_string()),
        ("relname", of.name.clone()),
        ("relnamespace", PgCatalog::schema_oid(of.schema).to_string()),
        ("relkind", if of.is_view { "v" } else { "r" }.to_owned()),
    ])
}

fn types() -> Vec<Row> {
    let all = types::TYPES.into_iter();
    let arrays = types::TYPES.into_iter().filter(|of| of.array != 0).map(|item| {
        let mut row = of_type(item.to_array());
        row.insert("typname", format!("_{}", item.name));
        row.insert("typelem", item.oid.to_string());
        row.insert("typinput", "array_in".to_owned());
        row.insert("typreceive", "array_recv".to_owned());
        row
    });
    all.map(of_type).chain(arrays).collect()
}

/// The functions that read types from binary: the number of each is its name, as `pg_type` has it.
fn receivers() -> Vec<Row> {
    let name = |of: &Row| of.get("typreceive").cloned();
    let names: BTreeSet<_> = types().iter().filter_map(name).collect();
    names.into_iter().map(|name| row([("oid", name.clone()), ("proname", name)])).collect()
}

/// The name of a type as those of its functions begin.
fn of_function(name: &str) -> String {
    let is_joined = matches!(
        name,
        "bool"
            | "bytea"
            | "char"
            | "name"
            | "int2"
            | "int4"
            | "int8"
            | "oid"
            | "text"
            | "bpchar"
            | "varchar"
            | "float4"
            | "float8"
            | "unknown"
    );
    if is_joined { name.to_owned() } else { format!("{name}_") }
}

fn of_type(of: PostgresType) -> Row {
    let is_pseudo = of.category == "P";
    row([
        ("oid", of.oid.to_string()),
        ("typname", of.name.to_owned()),
        ("typlen", of.size.to_string()),
        ("typcategory", of.category.to_owned()),
        ("typarray", of.array.to_string()),
        ("typtype", if is_pseudo { "p" } else { "b" }.to_owned()),
        ("typinput", format!("{}in", of_function(of.name))),
        ("typreceive", format!("{}recv", of_function(of.name))),
    ])
}

#[async_trait]
impl SchemaProvider for PgCatalog {
    fn table_names(&self) -> Vec<String> {
        relations::names().map(str::to_owned).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        let rows = self.rows(name).await;
        let Some(batch) = relations::batch(name, &rows)? else { return Ok(None) };
        let table = MemTable::try_new(batch.schema(), vec![vec![batch]])?;
        Ok(Some(Arc::new(table)))
    }

    fn table_exist(&self, name: &str) -> bool {
        relations::names().any(|table| table == name)
    }
}
