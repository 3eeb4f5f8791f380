//! One mapping for JSON and XML: the rows that official and made-up contracts give.

use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::util::display::array_value_to_string;
use carnac_model::{Rows, check, dataset};
use chrono::NaiveDate;
use tempfile::TempDir;

use crate::source::Format;
use crate::{Error, Found, Result, Source, json, xml};

/// Accepted and rejected rows of a file.
fn land(path: &Path) -> Result<(RecordBatch, RecordBatch)> {
    let found = Found { path: path.to_owned(), name: "a file".to_owned() };
    let source = Source::open(found, None, &[])?;
    let mut batches = Vec::new();
    let mut each = |rows: &Rows| {
        let checked = check(source.dataset, rows, NaiveDate::from_ymd_opt(2026, 1, 1).unwrap());
        batches.push((checked.accepted().clone(), checked.rejected().clone()));
        Ok(())
    };
    match source.format {
        Format::Json => json::read(&source, &mut each)?,
        Format::Xml => xml::read(&source, &mut each)?,
        Format::Csv => panic!("no reader of records"),
    }
    let [batch] = <[_; 1]>::try_from(batches).unwrap();
    Ok(batch)
}

fn land_text(name: &str, text: &str) -> Result<(RecordBatch, RecordBatch)> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    land(&path)
}

fn example(name: &str) -> RecordBatch {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/decp").join(name);
    let (accepted, rejected) = land(&path).unwrap();
    assert_eq!(rejected.num_rows(), 0, "{name}");
    accepted
}

/// Values of one row, by the names of their columns.
fn values(batch: &RecordBatch, row: usize, names: &[&str]) -> Vec<String> {
    let value = |name: &&str| array_value_to_string(batch.column_by_name(name).unwrap(), row);
    names.iter().map(|name| value(name).unwrap()).collect()
}

/// Fields of the dataset that two rows do not have in common.
fn differing(one: &RecordBatch, a: usize, other: &RecordBatch, b: usize) -> Vec<&'static str> {
    let names = dataset("contracts").unwrap().fields.iter().map(|field| field.name);
    names.filter(|name| values(one, a, &[name]) != values(other, b, &[name])).collect()
}

#[test]
fn official_examples_of_xml() {
    let contracts = example("Marche.xml");
    assert_eq!(contracts.num_rows(), 2);
    assert_eq!(values(&contracts, 1, &["source_line"]), ["64"]);
    let names = [
        "contract_id",
        "buyer_siren",
        "buyer_siret",
        "layout",
        "kind",
        "nature",
        "object",
        "cpv_code",
        "procedure",
        "place_code",
        "place_kind",
        "duration_months",
        "notification_date",
        "published_date",
        "amount_eur",
        "bid_count",
        "supplier_id",
        "supplier_id_kind",
        "supplier_count",
        "suppliers",
        "is_subcontracted",
        "modification_count",
        "warnings",
    ];
    let expected = [
        "TEST2022",
        "217500016",
        "21750001630040",
        "2022",
        "marche",
        "Marché",
        "envoi pour Json test",
        "45000000-7",
        "Appel d'offres ouvert",
        "75000",
        "Code postal",
        "48",
        "2024-05-15",
        "2024-05-25",
        "575000.00",
        "4",
        "55204599900869",
        "SIRET",
        "1",
        "SIRET:55204599900869",
        "true",
        "0",
        "",
    ];
    assert_eq!(values(&contracts, 0, &names), expected);
}
