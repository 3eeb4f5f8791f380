//! The method sheet of a figure, as Markdown: French first, English beside it.

use carnac_query::{Bilingual, SqlFile, Version};

/// What a disclosure class lets out, in French and in English.
const CLASSES: [(&str, &str, &str); 4] = [
    (
        "D0",
        "comptes ouverts d'organismes publics, sans masque",
        "open counts of public bodies, nothing masked",
    ),
    (
        "D1",
        "données d'entreprises : au moins 3 contributeurs, aucun au-dessus de 85 %",
        "data of firms: at least 3 contributors, none above 85 %",
    ),
    (
        "D2",
        "déclaré par une collectivité : sa valeur à elle seule, agrégats d'au moins 5, aucun au-dessus de 85 %",
        "declared by an authority: its value to itself only, aggregates of at least 5, none above 85 %",
    ),
    ("D3", "personnes : au moins 5", "people: at least 5"),
];

/// Units with a French name of their own.
const UNITS: [(&str, &str); 7] = [
    ("ratio", "rapport, de 0 à 1"),
    ("count", "nombre"),
    ("bids per tender", "offres par consultation"),
    ("downloads per tender", "retraits par consultation"),
    ("eur", "euros"),
    ("multiple", "nombre de fois"),
    ("index", "indice, de 0 à 100"),
];

/// Returns the sheet; empty for a file without a definition.
pub(super) fn markdown(file: &SqlFile) -> String {
    let header = &file.header;
    let Some(said) = &header.definition else { return String::new() };
    let text = |fr: &str, en: &str| Bilingual { fr: fr.to_owned(), en: en.to_owned() };
    let unit = header.unit.as_str();
    let unit_fr = UNITS.iter().find(|(code, _)| *code == unit).map_or(unit, |(_, fr)| fr);
    let grain = header.grain.join(", ");
    let class = CLASSES.iter().find(|(code, ..)| *code == said.disclosure);
    let class = class.map_or_else(
        || text(&said.disclosure, &said.disclosure),
        |(code, fr, en)| text(&format!("{code}, {fr}"), &format!("{code}, {en}")),
    );
    let lines = [
        ("Définition", "Definition", &said.sentence),
        ("Numérateur", "Numerator", &said.numerator),
        ("Dénominateur", "Denominator", &said.denominator),
        ("Unité", "Unit", &text(unit_fr, unit)),
        ("Une ligne par", "One row per", &text(&grain, &grain)),
        ("Source", "Source", &said.source),
        ("Fraîcheur", "Freshness", &said.freshness),
        ("Précaution", "Caveat", &said.caveat),
        ("Diffusion", "Disclosure", &class),
        ("Version", "Version", &validity(&said.version)),
    ];
    let mut sheet = format!("## {} : {}\n\n*{}*\n\n", header.id, header.title.fr, header.title.en);
    for (fr, en, value) in lines {
        sheet.push_str(&format!("- **{fr}** : {}\n  *{en}: {}*\n", value.fr, value.en));
    }
    let statement: Vec<_> = file.sql.lines().skip_while(|line| line.starts_with("--")).collect();
    let view = format!("{}.{}", file.layer, file.name);
    sheet.push_str(&format!("- **Vue** : `{view}`\n\n```sql\n{}\n```\n", statement.join("\n")));
    sheet
}

fn validity(version: &Version) -> Bilingual {
    let Version { number, from, until } = version;
    match until {
        Some(until) => Bilingual {
            fr: format!("{number}, du {from} au {until}"),
            en: format!("{number}, from {from} until {until}"),
        },
        None => Bilingual {
            fr: format!("{number}, depuis le {from}"),
            en: format!("{number}, since {from}"),
        },
    }
}
