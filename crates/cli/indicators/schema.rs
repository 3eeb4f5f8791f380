//! The columns of a view as a Table Schema (frictionlessdata.io), for whoever reads an export.

use arrow::datatypes::{DataType, Schema};
use carnac_model::indicator::STATUSES;
use carnac_query::SqlFile;
use serde_json::{Value, json};

/// What columns of several views mean, in French and in English.
const COLUMNS: [(&str, &str, &str); 105] = [
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
    ("place", "rang, par valeur décroissante", "rank, the highest value first"),
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
    (
        "q1",
        "premier quartile des collectivités comparables",
        "first quartile of the comparable authorities",
    ),
    ("median", "médiane des collectivités comparables", "median of the comparable authorities"),
    (
        "q3",
        "troisième quartile des collectivités comparables",
        "third quartile of the comparable authorities",
    ),
    ("gap_points", "écart, en points", "gap, in points"),
    (
        "group_level",
        "étendue du groupe de comparaison : strate, type ou région",
        "extent of the group compared with: stratum, kind or region",
    ),
    ("group_code", "groupe de comparaison", "group compared with"),
    (
        "peer_count",
        "collectivités comparables, sans celle qui se compare",
        "comparable authorities, without the one compared",
    ),
    (
        "percentile",
        "part du groupe qui est au-dessous, les égales pour moitié",
        "share of the group below, equals by half",
    ),
    (
        "coverage",
        "part du groupe dont la valeur est connue",
        "share of the group whose value is known",
    ),
    ("previous_value", "valeur de l'année précédente", "value of the year before"),
    ("change_points", "évolution sur un an, en points", "change in a year, in points"),
    ("slope_points", "pente de Theil-Sen, en points par an", "Theil-Sen slope, in points per year"),
    ("year_count", "années de la série", "years in the series"),
    (
        "quarter_slope_points",
        "pente de Theil-Sen entre mêmes trimestres, en points par an",
        "Theil-Sen slope between same quarters, in points per year",
    ),
    ("quarter_pair_count", "paires de mêmes trimestres", "pairs of same quarters"),
    ("is_complete", "l'année est complète", "the year is complete"),
    ("target_year", "année de la cible", "year of the target"),
    ("target_value", "valeur de la cible", "value of the target"),
    (
        "projected_value",
        "valeur prévue l'année de la cible",
        "value projected for the year of the target",
    ),
    (
        "target_reached_year",
        "année où la cible est atteinte, au rythme actuel",
        "year in which the target is reached, at the present pace",
    ),
    (
        "full_reached_year",
        "année où 100 % est atteint, au rythme actuel",
        "year in which 100 % is reached, at the present pace",
    ),
    (
        "outcome",
        "issue : atteinte, dans les temps, en retard ou non atteinte",
        "outcome: reached, on time, late or not reached",
    ),
    ("tender_share", "taux des marchés", "rate of tenders"),
    ("act_share", "taux des actes", "rate of acts"),
    ("profile", "profil de dématérialisation", "dematerialisation profile"),
    ("dataset", "jeu de données", "dataset"),
    ("warning_count", "signalements", "warnings"),
    ("warnings_per_row", "signalements par ligne", "warnings per row"),
    ("siren_count", "lignes qui portent un SIREN", "rows that carry a SIREN"),
    ("known_siren_count", "lignes dont le SIREN est connu", "rows whose SIREN is known"),
    (
        "known_siren_share",
        "part des lignes dont le SIREN est connu",
        "share of the rows whose SIREN is known",
    ),
    ("covered_count", "collectivités couvertes", "authorities covered"),
    ("authority_count", "collectivités", "authorities"),
    ("file_count", "fichiers", "files"),
    ("last_delivery_date", "date de la dernière livraison", "date of the last delivery"),
    ("days_since_delivery", "jours depuis la dernière livraison", "days since the last delivery"),
    ("value_error", "erreur type de la valeur", "standard error of the value"),
    ("effective_count", "effectif efficace", "effective sample size"),
    ("wilson_low", "borne basse à 95 %, méthode de Wilson", "lower 95 % bound, Wilson's method"),
    ("wilson_high", "borne haute à 95 %, méthode de Wilson", "upper 95 % bound, Wilson's method"),
    ("mean_error", "erreur type de la note moyenne", "standard error of the mean point"),
    ("answer_count", "réponses", "answers"),
    ("not_concerned_count", "réponses « non concerné »", "answers \"not concerned\""),
    ("not_answered_count", "sans réponse", "not answered"),
    (
        "represented_share",
        "part des collectivités que les strates répondantes représentent",
        "share of the authorities that the answering strata represent",
    ),
    ("nature_code", "nature de l'acte", "nature of the act"),
    ("choice_code", "choix d'ouverture des données", "choice of opening the data"),
    ("state_code", "état de la publication", "state of the publication"),
    ("act_count", "actes", "acts"),
    ("share", "part", "share"),
    ("masked_count", "actes masqués", "acts masked"),
    ("deleted_count", "actes supprimés", "acts deleted"),
    ("median_days", "délai médian, en jours", "median delay, in days"),
    ("p90_days", "délai au neuvième décile, en jours", "delay at the ninth decile, in days"),
    ("service_count", "services", "services"),
    ("mean_count", "nombre moyen", "mean number"),
    ("service_code", "service", "service"),
    (
        "activated_count",
        "collectivités ayant activé le service",
        "authorities that have activated the service",
    ),
    ("gini", "indice de Gini", "Gini index"),
    (
        "p90_to_p10",
        "rapport du neuvième décile au premier",
        "ratio of the ninth decile to the first",
    ),
    ("rate_count", "collectivités dont le taux est connu", "authorities whose rate is known"),
    ("cost_eur", "coût du programme jusque-là, en euros", "cost of the programme so far, in euros"),
    ("ratio_low", "rapport, borne basse", "ratio, lower bound"),
    ("ratio_high", "rapport, borne haute", "ratio, upper bound"),
    ("pay_back_months", "mois jusqu'au retour", "months until it is paid back"),
    ("counted_year_count", "années cumulées", "years added up"),
    ("unpriced_count", "postes du programme sans prix", "items of the programme without a price"),
    ("index_value", "indice, de 0 à 100", "index, from 0 to 100"),
    ("best_place", "meilleur rang, un poids changé", "best rank, one weight changed"),
    ("worst_place", "plus mauvais rang, un poids changé", "worst rank, one weight changed"),
    ("known_count", "composantes connues", "components known"),
    ("section", "sorte de ligne", "kind of row"),
    ("title", "intitulé", "title"),
    ("year", "année", "year"),
    ("top10_share", "part des dix premières collectivités", "share of the ten largest authorities"),
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
