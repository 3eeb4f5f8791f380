//! The catalogue of definitions as tables: what each indicator means, and which functions there are.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow::error::ArrowError;
use chrono::NaiveDate;

use crate::header::{Bilingual, Definition};
use crate::{Layer, SqlFile, Views, udf};

/// One row an indicator and version, by identifier.
pub(super) fn indicators(views: &Views) -> Result<RecordBatch, ArrowError> {
    let mut rows: Vec<(&SqlFile, &Definition)> = Vec::new();
    for file in views.indicators() {
        rows.extend(file.header.definition.as_ref().map(|definition| (file, definition)));
    }
    rows.sort_by_key(|(file, definition)| (&file.header.id, definition.version.number));
    let text = |of: &dyn Fn(&SqlFile, &Definition) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(|(file, said)| of(file, said))))
    };
    let french = |of: fn(&Definition) -> &Bilingual| text(&|_, said| of(said).fr.clone());
    let english = |of: fn(&Definition) -> &Bilingual| text(&|_, said| of(said).en.clone());
    let day = |of: fn(&Definition) -> Option<NaiveDate>| -> ArrayRef {
        Arc::new(rows.iter().map(|(_, said)| of(said).and_then(days)).collect::<Date32Array>())
    };
    let number = rows.iter().map(|(_, said)| i64::from(said.version.number));
    let current = rows.iter().map(|(_, said)| Some(said.version.until.is_none()));
    RecordBatch::try_from_iter([
        ("id", text(&|file, _| file.header.id.clone())),
        ("version", Arc::new(Int64Array::from_iter_values(number)) as ArrayRef),
        ("valid_from", day(|said| Some(said.version.from))),
        ("valid_until", day(|said| said.version.until)),
        ("is_current", Arc::new(current.collect::<BooleanArray>())),
        ("view_schema", text(&|file, _| file.layer.name().to_owned())),
        ("view_name", text(&|file, _| file.name.clone())),
        ("title_fr", text(&|file, _| file.header.title.fr.clone())),
        ("title_en", text(&|file, _| file.header.title.en.clone())),
        ("definition_fr", french(|said| &said.sentence)),
        ("definition_en", english(|said| &said.sentence)),
        ("unit", text(&|file, _| file.header.unit.clone())),
        ("grain", text(&|file, _| file.header.grain.join(", "))),
        ("numerator_fr", french(|said| &said.numerator)),
        ("numerator_en", english(|said| &said.numerator)),
        ("denominator_fr", french(|said| &said.denominator)),
        ("denominator_en", english(|said| &said.denominator)),
        ("source_fr", french(|said| &said.source)),
        ("source_en", english(|said| &said.source)),
        ("freshness_fr", french(|said| &said.freshness)),
        ("freshness_en", english(|said| &said.freshness)),
        ("caveat_fr", french(|said| &said.caveat)),
        ("caveat_en", english(|said| &said.caveat)),
        ("disclosure", text(&|_, said| said.disclosure.clone())),
    ])
}

/// One row a function that is ours, by name: the signature, a sentence and a true example.
pub(super) fn functions(views: &Views) -> Result<RecordBatch, ArrowError> {
    let in_sql = views.layer(Layer::Function).map(|file| {
        let header = &file.header;
        [
            &file.name,
            "scalar",
            file.signature().unwrap_or_default(),
            &header.title.fr,
            &header.title.en,
            header.example.as_deref().unwrap_or_default(),
        ]
    });
    let in_rust = udf::SHEETS
        .iter()
        .map(|sheet| [sheet.name, sheet.kind, sheet.signature, sheet.fr, sheet.en, sheet.example]);
    let mut rows: Vec<[&str; 6]> = in_sql.chain(in_rust).collect();
    rows.sort_unstable();
    let names = ["name", "kind", "signature", "sentence_fr", "sentence_en", "example"];
    RecordBatch::try_from_iter(names.into_iter().enumerate().map(|(place, name)| {
        let column = StringArray::from_iter_values(rows.iter().map(|row| row[place]));
        (name, Arc::new(column) as ArrayRef)
    }))
}

fn days(date: NaiveDate) -> Option<i32> {
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()
}
