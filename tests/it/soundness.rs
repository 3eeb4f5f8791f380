//! Questions that the engine below answered wrongly: each stands beside the same one asked otherwise.

use crate::support::Place;

#[test]
fn what_the_planner_got_wrong_is_right() {
    let place = Place::demo();
    let a = "from (values (1), (null), (3)) as t(a)";
    let ninths = "from (select cast(value as decimal(22, 6)) / 3 as x \
                        from generate_series(1, 9) as t) as u";
    let counts = [
        // A cast that rounds, compared: 1/3 is 0.33, and 2/3 is not.
        (format!("{ninths} where cast(x as decimal(18, 2)) = cast('0.33' as decimal(18, 2))"), 1),
        (format!("{ninths} where cast(x as decimal(18, 2)) in (0.33, 0.67, 1)"), 3),
        (
            format!("{ninths} where cast(x as int) = 1 and x <> 1"),
            whole_part_is_one(&place, ninths),
        ),
        // Lists on a column that is null: neither true nor false.
        (format!("{a} where not (a in (1, 5) and a in (2, 6))"), 2),
        (format!("{a} where not (a in (1, 2, 4, 5) and a not in (1, 2, 4, 5))"), 2),
        (format!("{a} where (a in (1, 2, 4, 5) and a in (3, 6, 7, 8)) is null"), 1),
        (format!("{a} where not (a in (3, 7, null) and a not in (3))"), 1),
        (format!("{a} where a in (1, 5) or a in (3, 6)"), 2),
        (format!("{a} where a not in (1, 5) or a not in (3, 6)"), 2),
        (format!("{a} where a not in (3, null) or a not in (1, 6)"), 1),
        (format!("{a} where a in (1, 2, 4, 5) and a not in (2, 7, 8, null)"), 0),
        // A filter above an outer join, on a column that both sides have by that name.
        (
            "from core.bids as a right join core.memberships as b on a.siren = b.siren \
             where a.siren is null"
                .to_owned(),
            1,
        ),
        (
            "from cube.acts as a full join cube.acts as b on a.siren = b.siren \
             where nullif(a.nature_code, '1') = b.nature_code and b.siren = '212901607'"
                .to_owned(),
            of(
                &place,
                "cube.acts as a cross join cube.acts as b",
                "a.siren = b.siren and a.nature_code <> '1' and a.nature_code = b.nature_code \
                and b.siren = '212901607'",
            ),
        ),
        // What may be null in one plan and not in the other.
        (
            "from (select is_closed from core.consultations union \
                   select is_closed from core.consultations) as u"
                .to_owned(),
            of(&place, "(select distinct is_closed from core.consultations) as u", "true"),
        ),
    ];
    for (sql, expected) in counts {
        assert_eq!(place.rows(&format!("select count(*) {sql}")), [expected.to_string()], "{sql}");
    }
}

/// The columns of an answer were of the type of the first side, and values of the other were cut.
#[test]
fn a_union_holds_the_values_of_both_sides() {
    let place = Place::demo();
    for (sql, expected) in [
        ("select 1 as a union all select 2.5 order by a", ["1.0", "2.5"]),
        ("select cast(1 as smallint) as a union all select 70000 order by a", ["1", "70000"]),
        ("select 1 as a union select cast('2.50' as decimal(9, 2)) order by a", ["1.00", "2.50"]),
        ("select null as a union all select 1 order by a nulls first", ["\"\"", "1"]),
    ] {
        assert_eq!(place.rows(sql), expected, "{sql}");
    }
}

/// Counts rows of tables for which a condition holds, each row looked at.
fn of(place: &Place, tables: &str, condition: &str) -> u64 {
    let sum = format!("select sum(case when {condition} then 1 else 0 end) from {tables}");
    place.rows(&sum)[0].parse().unwrap()
}

fn whole_part_is_one(place: &Place, ninths: &str) -> u64 {
    let each = format!("select case when x <> 1 then cast(x as int) end {ninths}");
    let found = place.rows(&each).iter().filter(|whole| *whole == "1").count();
    u64::try_from(found).unwrap()
}
