-- id: A02
-- title: Taux de consultations dématérialisées / Share of tenders online
-- unit: ratio
-- grain: siren, period
-- version: 1, from 2007-01-01
-- numerator: tenders published on the platform in the year, drafts left out
-- denominator: all tenders of the year, paper included, as the authority reports them (CONS_TOT)
-- disclosure: D2
-- Without a reported total the authority is in neither sum. A reported 0 leaves the value
-- undefined. A value above 1 is an anomaly of the reported total.
with tenders as (
    select
        siren,
        period,
        tender_count
    from cube.consultations
),

totals as (
    select siren, period, value, status from core.reported where variable = 'CONS_TOT' and item = 'all'
),

units as (
    select siren, period from core.authority_years
    union
    select siren, period from tenders
    union
    select siren, period from totals
),

sums as (
    select
        u.siren,
        u.period,
        case when r.status = 'observed' then coalesce(t.tender_count, 0) end as numerator,
        case when r.status = 'observed' then r.value end as denominator,
        coalesce(r.status, 'not_reported') as status
    from units as u
    left join tenders as t on u.siren = t.siren and u.period = t.period
    left join totals as r on u.siren = r.siren and u.period = r.period
    where u.period in (select period from tenders)
)

select
    siren,
    period,
    numerator,
    denominator,
    safe_ratio(numerator, denominator) as value,
    status
from sums
