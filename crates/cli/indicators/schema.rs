//! The columns of a view as a Table Schema (frictionlessdata.io), for whoever reads an export.

use arrow::datatypes::{DataType, Schema};
use carnac_model::indicator::STATUSES;
use carnac_query::SqlFile;
use serde_json::{Value, json};

/// What columns of several views mean, in French and in English.
const COLUMNS: [(&str, &str, &str); 30] = [
    ("siren", "SIREN de la collectivité", "SIREN of the authority"),
    ("period", "période : 2024, 2024-Q3 ou 2024-08", "period: 2024, 2024-Q3 or 2024-08"),
    (
        "item",
        "modalité : nature, matière, service…",
        "what it is split by: nature, subject, service…",
    ),
    (
        "value",
        "valeur : le rapport des deux sommes, vide s'il n'est pas défini",
        "value: the ratio of the two sums, empty where it is undefined",
    ),
    ("low", "montant, borne basse", "amount, lower bound"),
    ("mid", "montant, valeur moyenne", "amount, middle value"),
    ("high", "montant, borne haute", "amount, upper bound"),
    (
        "status",
        "observé, non concerné, non répondu ou masqué",
        "observed, not concerned, not reported or suppressed",
    ),
    ("indicator_id", "identifiant de l'indicateur", "identifier of the indicator"),
    ("family", "famille de collectivités", "family of authorities"),
    ("used_count", "collectivités utilisées", "authorities used"),
    ("expected_count", "collectivités attendues", "authorities expected"),
    (
        "anomaly_count",
        "collectivités écartées, taux supérieur à 1",
        "authorities left out, rate above 1",
    ),
    (
        "used_population_count",
        "population des collectivités utilisées",
        "population of the authorities used",
    ),
    (
        "expected_population_count",
        "population des collectivités attendues",
        "population of the authorities expected",
    ),
    ("population_share", "part de la population couverte", "share of the population covered"),
    ("value_low", "borne basse à 95 % de la valeur", "lower 95 % bound of the value"),
    ("value_high", "borne haute à 95 % de la valeur", "upper 95 % bound of the value"),
    ("net_score", "part de 4 et 5 moins part de 1 et 2", "share of 4 and 5 less share of 1 and 2"),
    ("mean_point", "note moyenne, de 1 à 5", "mean point, from 1 to 5"),
    ("mean_low", "borne basse à 95 % de la note", "lower 95 % bound of the mean point"),
    ("mean_high", "borne haute à 95 % de la note", "upper 95 % bound of the mean point"),
    ("unknown_count", "réponses « ne sait pas »", "answers \"does not know\""),
    (
        "place",
        "rang dans l'enquête, par valeur décroissante",
        "rank in the survey, the highest value first",
    ),
    ("survey", "enquête", "survey"),
    ("wave", "vague de l'enquête", "wave of the survey"),
    ("stratum_code", "strate de population", "population stratum"),
    ("department_code", "département", "département"),
    ("weight", "poids de sondage, N/n", "design weight, N/n"),
    (
        "kish_effect",
        "effet de plan de Kish, n·Σw² sur (Σw)²",
        "Kish's design effect, n·Σw² over (Σw)²",
    ),
];

/// Returns the schema of a view of these columns.
pub(super) fn of(file: &SqlFile, columns: &Schema) -> Value {
    let header = &file.header;
    let fields: Vec<_> = columns
        .fields()
        .iter()
        .map(|column| field(file, column.name(), column.data_type()))
        .collect();
    let sentence = header.definition.as_ref().map(|said| &said.sentence);
    json!({
        "name": file.name,
        "id": header.id,
        "title": header.title.fr,
        "title_en": header.title.en,
        "description": sentence.map(|sentence| sentence.fr.as_str()),
        "description_en": sentence.map(|sentence| sentence.en.as_str()),
        "fields": fields,
        "primaryKey": header.grain,
        "missingValues": [""],
    })
}

fn field(file: &SqlFile, name: &str, data_type: &DataType) -> Value {
    let said = file.header.definition.as_ref();
    let known = COLUMNS.iter().find(|(column, ..)| *column == name);
    let (fr, en) = match (name, said) {
        ("numerator", Some(said)) => (said.numerator.fr.as_str(), said.numerator.en.as_str()),
        ("denominator", Some(said)) => (said.denominator.fr.as_str(), said.denominator.en.as_str()),
        _ => known.map_or(("", ""), |(_, fr, en)| (fr, en)),
    };
    let mut constraints =
        json!({ "required": file.header.grain.iter().any(|grain| grain == name) });
    match name {
        "siren" => constraints["pattern"] = json!("[0-9]{9}"),
        "status" => constraints["enum"] = json!(STATUSES),
        _ => {}
    }
    json!({
        "name": name,
        "type": type_name(data_type),
        "description": fr,
        "description_en": en,
        "constraints": constraints,
    })
}

fn type_name(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Int64 | DataType::Int32 => "integer",
        DataType::Float64 | DataType::Decimal128(..) => "number",
        DataType::Boolean => "boolean",
        DataType::Date32 => "date",
        DataType::Timestamp(..) => "datetime",
        _ => "string",
    }
}
