//! What the sheet of an authority asks. The arithmetic is that of the views.
//!
//! A SIREN and a year have digits only: they stand in the text as they are.

use super::Row;

/// The rates that the sheet shows, in order.
pub(super) const RATES: [&str; 6] = ["A02", "A03", "A04", "A06", "A08", "A13"];

/// Who the authority is, in the newest list that names it.
pub(super) fn identity(siren: &str, last: &str) -> String {
    format!(
        "select y.*, e.name as epci_name, r.release_id, cast(r.run_date as varchar) as run_date, \
                m.status is not null and m.numerator = 1 as is_member \
         from core.authority_years as y \
         cross join staging.release as r \
         left join core.authority_years as e on y.epci_siren = e.siren and y.period = e.period \
         left join indicator.membership_rate_with_groupings as m \
             on y.siren = m.siren and y.period = m.period \
         where y.siren = '{siren}' and y.period <= '{last}' \
         order by y.period desc limit 1"
    )
}

/// French titles of the indicators.
pub(super) fn titles() -> String {
    "select id, title_fr from catalog.indicators where is_current".to_owned()
}

/// The newest period of each rate in which it is observed, or else the newest.
pub(super) fn periods(siren: &str, last: &str) -> String {
    format!(
        "select indicator_id, coalesce(max(case when status = 'observed' then period end), \
                                       max(period)) as period \
         from peer.rates \
         where siren = '{siren}' and period <= '{last}' and item = 'all' \
         group by indicator_id order by indicator_id"
    )
}

/// Each rate of those periods: compared, ranked, followed and aimed at.
pub(super) fn rates(siren: &str, periods: &[Row]) -> String {
    let quoted = |column: &str| {
        let of = |row: &Row| row.get(column).map(|text| format!("'{text}'"));
        let mut values: Vec<_> = periods.iter().filter_map(of).collect();
        values.sort();
        values.dedup();
        if values.is_empty() { "null".to_owned() } else { values.join(", ") }
    };
    let pair =
        |row: &Row| Some(format!("('{}', '{}')", row.get("indicator_id")?, row.get("period")?));
    let pairs: Vec<_> = periods.iter().filter_map(pair).collect();
    let pairs = if pairs.is_empty() { "(null, null)".to_owned() } else { pairs.join(", ") };
    let periods = quoted("period");
    let of = format!("where siren = '{siren}' and item = 'all' and period in ({periods})");
    format!(
        "select b.*, p.numerator, p.denominator, p.is_anomaly, k.place, k.used_count, \
                k.expected_count, k.coverage, t.change_points, t.slope_points, t.is_complete, \
                g.target_year, g.target_value, g.gap_points as target_gap_points, \
                g.target_reached_year, g.full_reached_year, g.outcome \
         from (values {pairs}) as w (indicator_id, period) \
         join (select * from assessment.benchmark {of}) as b \
             on w.indicator_id = b.indicator_id and w.period = b.period \
         join (select * from peer.rates {of}) as p \
             on w.indicator_id = p.indicator_id and w.period = p.period \
         join (select * from assessment.ranking {of}) as k \
             on w.indicator_id = k.indicator_id and w.period = k.period \
         join (select * from assessment.trend {of}) as t \
             on w.indicator_id = t.indicator_id and w.period = t.period \
         join (select *, row_number() over (partition by indicator_id, period \
                                            order by target_year) as choice \
               from assessment.gap {of}) as g \
             on w.indicator_id = g.indicator_id and w.period = g.period and g.choice = 1 \
         order by b.indicator_id"
    )
}

/// What the authority declares of a process, and what the platform has: the last year declared.
pub(super) fn declared(siren: &str, last: &str) -> String {
    format!(
        "with said as ( \
             select case variable when 'ACT_TOT' then 'act' when 'CONS_TOT' then 'consultation' \
                        when 'PLI_TOT' then 'bid' else 'flow' end as process, \
                    period, value, status \
             from core.reported \
             where siren = '{siren}' and item = 'all' and period <= '{last}' \
                 and variable in ('ACT_TOT', 'CONS_TOT', 'PLI_TOT', 'PES_TOT')) \
         select v.process, v.period, v.electronic_count, s.value as declared_count, s.status \
         from cube.volumes as v \
         left join said as s on v.process = s.process and v.period = s.period \
         where v.siren = '{siren}' and v.period <= '{last}' \
             and (v.electronic_count > 0 or s.process is not null) \
         qualify row_number() over (partition by v.process \
                                    order by s.process is null, v.period desc) = 1 \
         order by v.process"
    )
}

/// The savings of the last period that has them, each with its bounds.
pub(super) fn savings(siren: &str, last: &str) -> String {
    let of = |place: u8, view: &str, item: &str| {
        format!(
            "select {place} as place, period, cast(low as varchar) as low, \
                    cast(mid as varchar) as mid, cast(high as varchar) as high, status \
             from indicator.{view} where siren = '{siren}' and period <= '{last}'{item}"
        )
    };
    let all = [
        of(1, "realised_savings", " and item = 'gross'"),
        of(2, "realised_savings", " and item = 'net'"),
        of(3, "five_year_savings", ""),
        of(4, "five_year_savings_at_full_rate", ""),
        of(5, "remaining_savings", ""),
    ];
    format!(
        "select * from ({}) as amounts where status = 'observed' \
         qualify row_number() over (partition by place order by period desc) = 1 order by place",
        all.join(" union all ")
    )
}
