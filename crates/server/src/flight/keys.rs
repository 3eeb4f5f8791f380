//! The keys of tables. None is declared: each list of them is empty, and has the columns that the
//! protocol gives it.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::writer::IpcWriteOptions;
use futures::stream;
use tonic::Response;

use super::reply::encode;
use super::{DoGet, Reply};

/// The columns of primary keys.
pub(super) static PRIMARY: LazyLock<SchemaRef> = LazyLock::new(|| {
    columns([
        ("catalog_name", DataType::Utf8, true),
        ("db_schema_name", DataType::Utf8, true),
        ("table_name", DataType::Utf8, false),
        ("column_name", DataType::Utf8, false),
        ("key_name", DataType::Utf8, true),
        ("key_sequence", DataType::Int32, false),
    ])
});

/// Those of foreign keys, from whichever side they are asked for.
pub(super) static FOREIGN: LazyLock<SchemaRef> = LazyLock::new(|| {
    columns([
        ("pk_catalog_name", DataType::Utf8, true),
        ("pk_db_schema_name", DataType::Utf8, true),
        ("pk_table_name", DataType::Utf8, false),
        ("pk_column_name", DataType::Utf8, false),
        ("fk_catalog_name", DataType::Utf8, true),
        ("fk_db_schema_name", DataType::Utf8, true),
        ("fk_table_name", DataType::Utf8, false),
        ("fk_column_name", DataType::Utf8, false),
        ("key_sequence", DataType::Int32, false),
        ("fk_key_name", DataType::Utf8, true),
        ("pk_key_name", DataType::Utf8, true),
        ("update_rule", DataType::UInt8, false),
        ("delete_rule", DataType::UInt8, false),
    ])
});

/// Columns by name, with their types and whether they may be null.
fn columns<const N: usize>(columns: [(&str, DataType, bool); N]) -> SchemaRef {
    let fields = columns.map(|(name, of, is_nullable)| Field::new(name, of, is_nullable));
    Arc::new(Schema::new(fields.to_vec()))
}

/// Lists no key.
pub(super) fn none(columns: &SchemaRef) -> Reply<DoGet> {
    let options = IpcWriteOptions::default();
    Ok(Response::new(encode(Arc::clone(columns), stream::empty(), options)))
}
