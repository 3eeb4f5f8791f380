//! Communes and groupings (the `decoupage-administratif` lists) as rows of `authorities`.

use carnac_model::RowsBuilder;
use serde::Deserialize;

use crate::source::Source;

/// One element of a list of communes or of groupings.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    code: Option<String>,
    nom: Option<String>,
    r#type: Option<String>,
    siren: Option<String>,
    departement: Option<String>,
    region: Option<String>,
    population: Option<u64>,
    population_municipale: Option<u64>,
    membres: Option<Vec<Member>>,
    codes_postaux: Option<Vec<String>>,
}

/// A commune of a grouping.
#[derive(Deserialize)]
struct Member {
    code: String,
    siren: String,
}

/// Appends one authority, in the order of the dataset's fields.
pub(crate) fn push(
    source: &Source,
    rows: &mut RowsBuilder,
    line: i64,
    _: &str,
    text: &str,
) -> serde_json::Result<()> {
    let entry: Entry = serde_json::from_str(text)?;
    // A grouping's code is its SIREN, and it stands in no département: its communes may lie in two.
    let siren = if entry.membres.is_some() { entry.code.clone() } else { entry.siren };
    let members = entry.membres.map(|members| {
        members
            .iter()
            .map(|member| format!("{}/{}", member.code, member.siren))
            .collect::<Vec<_>>()
            .join(" ")
    });
    let population =
        entry.population.or(entry.population_municipale).map(|count| count.to_string());
    let edition = source.edition();
    let postal_codes = entry.codes_postaux.map(|codes| codes.join(" "));
    let values = [
        &entry.r#type,
        &entry.code,
        &edition,
        &siren,
        &entry.nom,
        &entry.departement,
        &entry.region,
        &population,
        &members,
        &postal_codes,
    ];
    rows.push(line, text, values.into_iter().map(|value| value.as_deref()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::trial::land;

    #[test]
    fn postal_codes_are_kept_as_a_list() {
        let list = r#"[{"code":"35238","nom":"Rennes","type":"commune-actuelle","departement":"35",
            "region":"53","siren":"213502388","codesPostaux":["35000","35200"],"population":230890}]"#;
        let landed = land("communes-bretagne-2026.json", "authorities", list.as_bytes()).unwrap();
        assert_eq!(landed.texts, ["commune;35238;213502388;Rennes;35;53;;35000 35200"]);
    }
}
