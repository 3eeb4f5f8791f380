//! Known defects of published contracts, counted in the file of Hélios "PES Marché" that ships:
//! 1,148 rows, of which two are copies.

use crate::support::{Place, REPOSITORY, pes};

/// Each defect, what tells its rows, and how many there are.
const DEFECTS: [(&str, &str, i64); 19] = [
    // Of two words encoded twice (`nÂ°`, `Â«`), and of two apostrophes.
    ("double encoding", "warnings like '%encoding_repaired%'", 4),
    ("lost characters", "warnings like '%encoding_lost%'", 0),
    // Eleven in the file, one of them in a copy.
    ("HTML entities", r#"as_written like '%"object":"%&%;%'"#, 10),
    ("entities left", "object like '%&#%'", 0),
    ("dates with a zone", r#"as_written like '%"notification_date":"____-__-___%'"#, 1146),
    ("no date", "period = 'undated'", 0),
    ("published before notified", "warnings like '%published_before_notified%'", 120),
    // 99999999 three times, 999999999 once, nothing twice.
    ("placeholders of amounts", "warnings like '%placeholder_amount%'", 6),
    ("no amount", "amount_eur is null", 6),
    ("INO for a place", r#"as_written like '%"place_code":"INO"%'"#, 8),
    ("DEP for a place", r#"as_written like '%"place_code":"DEP"%'"#, 43),
    ("no place", "place_code is null", 51),
    ("départements as 078", r#"as_written like '%"place_code":"078"%' and place_code = '78'"#, 1),
    (
        "variants of a procedure",
        "procedure like 'Marché passé%' and as_written like '%\"procedure\":\"Marché négocié%'",
        57,
    ),
    ("terms not on a list", "warnings like '%unknown_term%'", 0),
    ("establishments of La Poste", "supplier_id like '356000000%'", 1),
    ("doubtful companies", "warnings like '%doubtful_company%'", 1),
    ("codes not in the CPV", "warnings like '%unknown_cpv%'", 16),
    ("SIRET with a wrong key", "warnings like '%siret_key%'", 0),
];

fn landed() -> Place {
    let place = Place::new();
    let communes = format!("{REPOSITORY}/data-samples/authorities/communes-bretagne-2026.json");
    let report = place.ok(&["ingest", &pes(), &communes]);
    assert!(report.contains("1148 read, 1146 accepted, 2 rejected"), "{report}");
    place
}

#[test]
fn what_is_wrong_with_real_contracts_is_counted() {
    let place = landed();
    let counts = DEFECTS.map(|(_, told, _)| format!("count(*) filter (where {told})")).join(", ");
    let [found] = &place.rows(&format!("select {counts} from lake.contracts"))[..] else {
        panic!("one row")
    };
    let found = found.split(',').map(|count| count.parse::<i64>().unwrap());
    for ((defect, _, expected), found) in DEFECTS.into_iter().zip(found) {
        assert_eq!(found, expected, "{defect}");
    }
    assert_eq!(
        place.rows("select rule, count(*) from ops.quarantine group by rule"),
        ["exact_copy,2"]
    );
}

/// Seven numbers stand more than once. Two of the copies go at the door; of the others, each says
/// the same about its contract but for the date of publication, and one has lost an apostrophe.
#[test]
fn what_was_published_several_times_counts_once() {
    let place = landed();
    let counts = "select count(*), count(distinct buyer_siret || contract_id), max(sequence),
                         sum(amount_eur) from core.contracts";
    assert_eq!(place.rows(counts), ["1140,1140,1,381512899.16"]);
    let suppliers = "select count(*) from core.contract_suppliers";
    assert_eq!(place.rows(suppliers), ["1269"]);
}

/// Fifteen rows have a Breton postal code. 29290 serves several communes, 35236 is the code of
/// Redon and no postal code, 35517 and 56404 are those of a CEDEX and of nothing in the lists.
#[test]
fn places_are_told_as_far_as_the_lists_tell_them() {
    let place = landed();
    let places = "select place_code, place_department_code, place_commune_code, count(*)
                  from core.contracts
                  where place_kind = 'Code postal' and substr(place_code, 1, 2) in ('22', '29', '35', '56')
                  group by 1, 2, 3 order by 1";
    assert_eq!(
        place.rows(places),
        ["29290,29,,10", "35000,35,35238,1", "35236,35,,1", "35517,,,2", "56404,,,1"]
    );
}
