//! What the server tells of itself: fixed facts, and the types its columns have.

use std::sync::LazyLock;

use arrow::datatypes::Schema;
use arrow_flight::sql::metadata::{
    SqlInfoData, SqlInfoDataBuilder, XdbcTypeInfo, XdbcTypeInfoData, XdbcTypeInfoDataBuilder,
};
use arrow_flight::sql::{Nullable, Searchable, SqlInfo, SqlSupportedTransaction, XdbcDataType};
use carnac_query::TableEntry;

use super::session::Session;

/// Under which the schema of a table has its title.
const TITLE: &str = "title";

/// Returns the columns of a table, with its title in the language of a session.
pub(super) fn titled(table: &TableEntry, session: &Session) -> Schema {
    let mut columns = table.columns.as_ref().clone();
    let title = table.title.as_ref().map(|title| (TITLE.to_owned(), session.said(title)));
    columns.metadata.extend(title);
    columns
}

/// Facts about the server that drivers ask for when they connect.
pub(super) static SQL_INFO: LazyLock<SqlInfoData> = LazyLock::new(|| {
    let mut info = SqlInfoDataBuilder::new();
    info.append(SqlInfo::FlightSqlServerName, "Carnac");
    info.append(SqlInfo::FlightSqlServerVersion, env!("CARGO_PKG_VERSION"));
    info.append(SqlInfo::FlightSqlServerArrowVersion, "59");
    info.append(SqlInfo::FlightSqlServerReadOnly, true);
    info.append(SqlInfo::FlightSqlServerSql, true);
    info.append(SqlInfo::FlightSqlServerSubstrait, false);
    info.append(SqlInfo::FlightSqlServerTransaction, SqlSupportedTransaction::None as i32);
    info.append(SqlInfo::FlightSqlServerCancel, true);
    info.append(SqlInfo::FlightSqlServerStatementTimeout, 0_i32);
    info.append(SqlInfo::FlightSqlServerTransactionTimeout, 0_i32);
    info.append(SqlInfo::SqlDdlCatalog, false);
    info.append(SqlInfo::SqlDdlSchema, false);
    info.append(SqlInfo::SqlDdlTable, false);
    info.append(SqlInfo::SqlIdentifierQuoteChar, "\"");
    info.append(SqlInfo::SqlCatalogTerm, "catalog");
    info.append(SqlInfo::SqlSchemaTerm, "schema");
    info.build().expect("constant facts")
});

/// The SQL types that columns have.
pub(super) static TYPES: LazyLock<XdbcTypeInfoData> = LazyLock::new(|| {
    let mut types = XdbcTypeInfoDataBuilder::new();
    let all = [
        ("varchar", XdbcDataType::XdbcVarchar, None, Some("'"), true),
        ("bigint", XdbcDataType::XdbcBigint, Some(64), None, false),
        ("integer", XdbcDataType::XdbcInteger, Some(32), None, false),
        ("double", XdbcDataType::XdbcDouble, Some(53), None, false),
        ("decimal", XdbcDataType::XdbcDecimal, Some(38), None, false),
        ("date", XdbcDataType::XdbcDate, Some(10), Some("'"), false),
        ("timestamp", XdbcDataType::XdbcTimestamp, Some(26), Some("'"), false),
        ("boolean", XdbcDataType::XdbcBit, Some(1), None, false),
    ];
    for (name, data_type, column_size, quote, case_sensitive) in all {
        types.append(XdbcTypeInfo {
            type_name: name.to_owned(),
            data_type,
            column_size,
            literal_prefix: quote.map(str::to_owned),
            literal_suffix: quote.map(str::to_owned),
            create_params: None,
            nullable: Nullable::NullabilityNullable,
            case_sensitive,
            searchable: Searchable::Full,
            unsigned_attribute: None,
            fixed_prec_scale: false,
            auto_increment: None,
            local_type_name: None,
            minimum_scale: None,
            maximum_scale: None,
            sql_data_type: data_type,
            datetime_subcode: None,
            num_prec_radix: None,
            interval_precision: None,
        });
    }
    types.build().expect("constant types")
});
