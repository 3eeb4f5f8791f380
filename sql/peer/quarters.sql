-- id: peer.quarters
-- title: Taux trimestriels de la plateforme / Quarterly rates of the platform
-- unit: ratio
-- grain: indicator_id, siren, period
-- Those rates (A03, A06, A13) whose two terms the platform dates itself; totals that are reported
-- are of a year. Quarters that have not ended on the run date are left out.
with events as (
    select 'A03' as indicator_id, siren, published_date as day, e_reply_code in ('allowed', 'required') as is_counted
    from core.consultations
    where e_reply_code is not null
    union all
    select 'A06', c.siren, c.published_date, b.consultation_id is not null
    from core.consultations as c
    left join (select distinct consultation_id from core.bids where is_electronic) as b
        on c.consultation_id = b.consultation_id
    where c.is_closed
),

sums as (
    select
        indicator_id,
        siren,
        period_of_date(day, 'quarter') as period,
        sum(case when is_counted then 1 else 0 end) as numerator,
        count(*) as denominator
    from events
    group by indicator_id, siren, period_of_date(day, 'quarter')
    union all
    select 'A13', siren, quarter, signed_count, known_count
    from cube.flows
    where known_count > 0
)

select
    s.indicator_id,
    s.siren,
    s.period,
    s.numerator,
    s.denominator,
    safe_ratio(s.numerator, s.denominator) as value
from sums as s
cross join staging.release as r
where period_end(s.period) <= r.run_date
