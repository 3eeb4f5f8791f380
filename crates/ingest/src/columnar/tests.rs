//! Parquet: values to text, and files that lie.

use std::sync::Arc;

use arrow::array::{
    BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float64Array, Int64Array,
    LargeStringArray, ListArray, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Int32Type, Int64Type};
use parquet::arrow::ArrowWriter;

use super::*;
use crate::trial::{Landed, land, reason};

fn parquet(columns: &[(&str, ArrayRef)]) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns.iter().cloned()).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// Two members of a panel, the second with a wrong SIREN.
fn panels() -> Vec<(&'static str, ArrayRef)> {
    vec![
        ("Panel ", Arc::new(DictionaryArray::<Int32Type>::from_iter(["A", "A"]))),
        ("membre", Arc::new(LargeStringArray::from(vec!["Rennes", "Brest"]))),
        ("siren", Arc::new(Int64Array::from(vec![213_502_388, 242_900_315]))),
        ("date_debut", Arc::new(Date32Array::from(vec![14_975, 14_975]))),
        ("note", Arc::new(StringArray::from(vec!["x", "y"]))),
    ]
}

#[test]
fn values_are_the_text_of_a_csv() {
    let texts = |column: ArrayRef| -> Vec<Option<String>> {
        let texts = text(&column).unwrap();
        texts.iter().map(|text| text.map(str::to_owned)).collect()
    };
    let cases: [(ArrayRef, &str); 7] = [
        (Arc::new(Float64Array::from(vec![Some(21_350_238_800_019.0), None])), "21350238800019"),
        (Arc::new(Float64Array::from(vec![Some(0.1), None])), "0.1"),
        (Arc::new(BooleanArray::from(vec![Some(true), None])), "true"),
        (Arc::new(Date32Array::from(vec![Some(20_088), None])), "2024-12-31"),
        (
            Arc::new(
                Decimal128Array::from(vec![Some(182_054_205), None])
                    .with_precision_and_scale(18, 2)
                    .unwrap(),
            ),
            "1820542.05",
        ),
        (
            Arc::new(TimestampMicrosecondArray::from(vec![Some(1_735_603_200_000_000), None])),
            "2024-12-31T00:00:00",
        ),
        (Arc::new(Int64Array::from(vec![Some(-7), None])), "-7"),
    ];
    for (column, expected) in cases {
        assert_eq!(texts(column), [Some(expected.to_owned()), None]);
    }
}

#[test]
fn the_columns_of_the_dataset_land_and_others_are_passed_over() {
    let mut columns = panels();
    let nested = ListArray::from_iter_primitive::<Int64Type, _, _>([Some([Some(1)]), None]);
    columns.insert(0, ("nested", Arc::new(nested)));
    let Landed { accepted, rejected, .. } =
        land("file-2024.parquet", "panels", &parquet(&columns)).unwrap();
    assert_eq!(accepted, 1);
    let raw = "A;Brest;242900315;2011-01-01".to_owned();
    assert_eq!(rejected, [(2, "not_a_siren".to_owned(), raw)]);
}

#[test]
fn a_missing_column_is_named() {
    let error = reason(land("file-2024.parquet", "panels", &parquet(&panels()[1..])));
    assert!(
        error.ends_with(
            "column `panel` is missing; the header has: membre, siren, date_debut, note"
        ),
        "{error}"
    );
}

#[test]
fn a_file_that_is_cut_or_overwritten_is_this_files_error() {
    let whole = parquet(&panels());
    for length in [0, 3, 8, whole.len() / 2, whole.len() - 1] {
        reason(land("file-2024.parquet", "panels", &whole[..length]));
    }
    let mut footer = whole;
    let at = footer.len() - 8;
    footer[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(reason(land("file-2024.parquet", "panels", &footer)).contains("footer is longer"));
}

#[test]
fn a_footer_that_claims_too_much_is_refused() {
    // Field 4 of the footer, a list of structures, with 2,147,483,647 elements.
    let lie = [0x49, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0];
    let mut file = b"PAR1".to_vec();
    file.extend(lie);
    file.extend(8_u32.to_le_bytes());
    file.extend(b"PAR1");
    let error = reason(land("file-2024.parquet", "panels", &file));
    assert!(error.contains("a list of 2147483647 elements in 1 bytes"), "{error}");
}

#[test]
fn no_byte_of_a_file_can_bring_the_program_down() {
    let whole = parquet(&panels());
    for at in 0..whole.len() {
        let mut file = whole.clone();
        file[at] ^= 0xFF;
        if let Ok(Landed { accepted, rejected, .. }) = land("file-2024.parquet", "panels", &file) {
            assert_eq!(accepted + rejected.len(), 2, "byte {at}");
        }
    }
}

/// As the list of communes of decp-processing is: texts of 64-bit offsets, no kind, no edition.
#[test]
fn communes_of_the_official_geography_land_by_their_profile() {
    let column = |values: [&str; 2]| Arc::new(LargeStringArray::from(values.to_vec())) as ArrayRef;
    let bytes = parquet(&[
        ("commune_code", column(["35238", "01001"])),
        ("region_code", column(["53", "84"])),
        ("departement_code", column(["35", "01"])),
        ("commune_nom", column(["Rennes", "L'Abergement-Clémenciat"])),
        ("departement_nom", column(["Ille-et-Vilaine", "Ain"])),
        ("region_nom", column(["Bretagne", "Auvergne-Rhône-Alpes"])),
    ]);
    let text = include_str!("../../../../data-samples/profiles/cog-communes.toml");
    let profile = Arc::new(crate::Profile::parse(text, Path::new("cog-communes.toml")).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("code_officiel_geographique-2026.parquet");
    std::fs::write(&path, bytes).unwrap();
    let found = crate::find(&path).unwrap().files.remove(0);
    let source = Source::open(found, None, &[profile]).unwrap();
    assert_eq!(source.dataset().name, "authorities");

    let mut landed = Vec::new();
    let run_date = chrono::NaiveDate::from_ymd_opt(2026, 2, 1).unwrap();
    crate::read::read(&source, None, run_date, &mut |checked| {
        assert_eq!(checked.rejected().num_rows(), 0);
        let rows = checked.rows();
        let column = |name: &str| rows[name].as_string::<i32>().clone();
        let (kind, code, department) = (column("kind"), column("code"), column("department_code"));
        landed.extend(
            (0..rows.num_rows())
                .map(|row| [kind.value(row), code.value(row), department.value(row)].join(" ")),
        );
        Ok(())
    })
    .unwrap();
    assert_eq!(landed, ["commune 35238 35", "commune 01001 01"]);
}
