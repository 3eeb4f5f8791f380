-- id: A08
-- title: Taux d'actes télétransmis / Share of acts transmitted electronically
-- unit: ratio
-- grain: siren, period
-- version: 1, from 2007-01-01
-- numerator: acts decided in the year, acknowledged by the préfecture (status 4 or more), not cancelled
-- denominator: all acts of the year, paper included, as the authority reports them (ACT_TOT)
-- disclosure: D2
-- Without a reported total the authority is in neither sum. A reported 0 leaves the value
-- undefined. A value above 1 is an anomaly of the reported total.
with acts as (
    select
        siren,
        period,
        sum(transmitted_count) as act_count
    from cube.acts
    group by siren, period
),

totals as (
    select siren, period, value, status from core.reported where variable = 'ACT_TOT' and item = 'all'
),

units as (
    select siren, period from core.authority_years
    union
    select siren, period from acts
    union
    select siren, period from totals
),

sums as (
    select
        u.siren,
        u.period,
        case when r.status = 'observed' then coalesce(a.act_count, 0) end as numerator,
        case when r.status = 'observed' then r.value end as denominator,
        coalesce(r.status, 'not_reported') as status
    from units as u
    left join acts as a on u.siren = a.siren and u.period = a.period
    left join totals as r on u.siren = r.siren and u.period = r.period
    where u.period in (select period from acts)
)

select
    siren,
    period,
    numerator,
    denominator,
    safe_ratio(numerator, denominator) as value,
    status
from sums
