//! Parquet files that are cut, or that claim what they do not hold.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, ListArray, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

use super::Hostile;

/// Two members of a panel.
fn panels(name: &str) -> Vec<(&str, ArrayRef)> {
    let texts = |values: [&str; 2]| -> ArrayRef { Arc::new(StringArray::from(values.to_vec())) };
    vec![
        ("panel", texts([name, name])),
        ("membre", texts(["Rennes", "Vannes"])),
        ("siren", Arc::new(Int64Array::from(vec![213_502_388, 215_602_608]))),
        ("date_debut", texts(["2011-01-01", "2011-01-01"])),
    ]
}

/// A good file.
pub(super) fn whole() -> Vec<u8> {
    parquet(&panels("P"))
}

fn parquet(columns: &[(&str, ArrayRef)]) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns.iter().cloned()).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// A thousand groups of one row.
fn groups() -> Vec<u8> {
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(1)).build();
    let members: Vec<_> = (0..1000).map(|n| format!("membre {n}")).collect();
    let columns: [(&str, ArrayRef); 4] = [
        ("panel", Arc::new(StringArray::from(vec!["G"; 1000]))),
        ("membre", Arc::new(StringArray::from(members))),
        ("siren", Arc::new(Int64Array::from(vec![213_502_388; 1000]))),
        ("date_debut", Arc::new(StringArray::from(vec!["2011-01-01"; 1000]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// The last byte of a column of words is the number of its last word: here of one there is not.
fn word_beyond_dictionary() -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(panels("D")).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    let metadata = writer.close().unwrap();
    let (start, length) = metadata.row_group(0).column(0).byte_range();
    let last = usize::try_from(start + length).unwrap() - 1;
    bytes[last] = 0xFF;
    bytes
}

/// A file that is a footer, and nothing else.
fn footer(thrift: &[u8]) -> Vec<u8> {
    let length = u32::try_from(thrift.len()).unwrap();
    [b"PAR1", thrift, &length.to_le_bytes(), b"PAR1"].concat()
}

/// A footer that lists 1,048,576 groups of rows and holds none: field 4, a list of structures.
const MILLION_GROUPS: [u8; 6] = [0x49, 0xFC, 0x80, 0x80, 0x40, 0];

pub(super) fn files() -> Vec<Hostile> {
    let whole = whole();
    let length = whole.len();
    let cut = whole[..length - 100].to_vec();
    let with_length = |footer: u32| {
        let mut bytes = whole.clone();
        bytes[length - 8..length - 4].copy_from_slice(&footer.to_le_bytes());
        bytes
    };
    let mut encrypted = whole.clone();
    encrypted[length - 4..].copy_from_slice(b"PARE");
    let hollow = [&whole[..4], &[0; 200], &whole[204..]].concat();
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>([Some([Some(1)]), None]);
    let nested =
        [&panels("N")[..2], &[("siren", Arc::new(lists) as ArrayRef)], &panels("N")[3..]].concat();
    vec![
        Hostile::rows("panels/whole.parquet", whole.clone(), 2, &[]),
        Hostile::rows("panels/thousand-groups.parquet", groups(), 1, &[("superseded", 999)]),
        Hostile::refused("panels/cut.parquet", cut, "does not end as Parquet"),
        Hostile::refused("panels/empty.parquet", "", "too short"),
        Hostile::refused("panels/only-the-mark.parquet", "PAR1PAR1", "footer"),
        Hostile::refused(
            "panels/footer-too-long.parquet",
            with_length(u32::MAX),
            "footer is longer",
        ),
        Hostile::refused("panels/footer-too-short.parquet", with_length(3), "version is missing"),
        Hostile::refused("panels/footer-of-nothing.parquet", with_length(0), "cut short"),
        Hostile::refused(
            "panels/million-groups.parquet",
            footer(&MILLION_GROUPS),
            "a list of 1048576 elements",
        ),
        Hostile::refused("panels/encrypted.parquet", encrypted, "does not end as Parquet"),
        Hostile::refused("panels/hollow.parquet", hollow, "a page of -1 bytes"),
        Hostile::refused(
            "panels/word-beyond-dictionary.parquet",
            word_beyond_dictionary(),
            "insufficient values",
        ),
        Hostile::rows(
            "panels/lists.parquet",
            parquet(&nested),
            0,
            &[("missing", 1), ("not_a_siren", 1)],
        ),
        Hostile::refused("panels/column-missing.parquet", parquet(&panels("M")[1..]), "is missing"),
        Hostile::refused(
            "panels/table.parquet",
            "panel;membre;siren;date_debut\n",
            "does not end as Parquet",
        ),
    ]
}
