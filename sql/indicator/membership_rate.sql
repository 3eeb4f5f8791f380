-- id: B01
-- title: Taux d'adhésion / Membership rate
-- unit: ratio
-- grain: siren, period
-- version: 1, from 2007-01-01
-- numerator: 1 for an authority that is itself a member on the last day of the year (or the run date)
-- denominator: 1 for every authority of the official lists on that day
-- disclosure: D0
-- Members through their grouping are not counted: this is direct membership, over all
-- authorities and never over members alone. The end date is the last day of membership.
with members as (
    select distinct
        y.siren,
        y.period
    from core.authority_years as y
    inner join core.memberships as m
        on y.siren = m.siren and m.start_date <= y.as_of_date and (m.end_date is null or m.end_date >= y.as_of_date)
),

sums as (
    select
        y.siren,
        y.period,
        cast(case when m.siren is null then 0 else 1 end as bigint) as numerator,
        cast(1 as bigint) as denominator
    from core.authority_years as y
    left join members as m on y.siren = m.siren and y.period = m.period
    where y.period >= (select cast(date_part('year', min(start_date)) as varchar) from core.memberships)
)

select
    siren,
    period,
    numerator,
    denominator,
    safe_ratio(numerator, denominator) as value,
    'observed' as status
from sums
