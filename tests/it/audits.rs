//! The audits of a release, in SQL: what they find, and what they stop.

use crate::refresh::{RENNES, deliver, file_of, two_years, year};

#[test]
fn reported_figures_below_the_observed_ones_are_a_warning() {
    let place = two_years();
    let header = "siren;annee;variable;modalite;valeur;statut;vague\n";
    let rows = format!(
        "{header}{RENNES};2025;ACT_TOT;;3;réponse;2025\n{RENNES};2025;ACT_TOT;1;4;réponse;2025\n\
         {RENNES};2024;ACT_TOT;;10;réponse;2024\n"
    );
    deliver(&place, "reported/2025.csv", rows);
    place.ok(&["refresh"]);
    let failed = "select audit, period, measured, expected from ops.audits
                  where outcome = 'failed' order by audit";
    assert_eq!(
        place.rows(failed),
        [
            "acts_within_reported,2025,10 acts of 1 authorities,at most 3 reported",
            "parts_of_reported_acts,2025,4 by nature of 1 authorities,at most 3 in all",
        ]
    );
    // The audit of any release can be asked.
    assert_eq!(place.rows("select period from audit.acts_within_reported"), ["2025"]);
}

/// Views that lose what landed are found out, for what is landed and not for other periods.
#[test]
fn what_a_view_of_core_loses_blocks() {
    let place = two_years();
    let sql = place.sql();
    for (view, kept) in [("acts", "where act_id <> '2024-3'"), ("expenses", "having count(*) > 1")]
    {
        let file = sql.join(format!("core/{view}.sql"));
        let whole = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("{}\n{kept}\n", whole.trim_end())).unwrap();
    }
    deliver(&place, "acts/2024.csv", file_of(&year("2024", 11)));
    let accounts = "DOCBUDG-21560046100010-056025-CA-2021-01032022000000.scdl-budget.csv";
    let lines = format!("{}/tests/data/totem/{accounts}", crate::support::REPOSITORY);
    // 7410.67 + 2263.81 + 11041.83 euros.
    deliver(&place, "budget_lines/2021.csv", std::fs::read(lines).unwrap());
    let folder = sql.display().to_string();
    let told = place.fails(4, &["--sql", &folder, "refresh"]);
    let measured = "select audit, period, measured, expected from ops.audits
                    where outcome = 'failed' and audit <> 'freshness' order by audit";
    assert_eq!(
        place.rows(measured),
        ["acts_are_kept,2024,10,at least 11", "expenses_add_up,2021,0.00,20716.31",],
        "{told}"
    );
}

/// An audit of one's own that blocks: the whole release stays away, other tables too.
#[test]
fn a_blocking_audit_in_sql_stops_all_tables() {
    let place = two_years();
    let sql = place.sql();
    let audit = "-- id: AUD-99\n-- title: Non / No\n-- level: blocking\n\
                 select 'acts' as table_name, period, cast(count(*) as varchar) as measured,\n\
                 'fewer than 11' as expected from staging.acts group by period having count(*) > 10\n";
    place.file("sql/audit/few_acts.sql", audit);
    deliver(&place, "acts/2024.csv", file_of(&year("2024", 11)));
    let members = format!("siren;date_debut;date_fin\n{RENNES};2020-01-01;\n");
    deliver(&place, "memberships/m.csv", members);
    let folder = sql.display().to_string();
    let told = place.fails(4, &["--sql", &folder, "refresh"]);
    assert!(
        told.contains(
            "blocked: few_acts, acts/2024: measured 11, expected fewer than 11: Non / No"
        ),
        "{told}"
    );
    let counts = "select (select count(*) from lake.acts) as a, (select count(*) from lake.memberships) as m";
    assert_eq!(place.rows(counts), ["20,0"]);
    // The next run starts from what readers see, and publishes both.
    place.ok(&["refresh"]);
    assert_eq!(place.rows(counts), ["21,1"]);
}
