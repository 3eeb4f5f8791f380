-- id: A04
-- title: Taux d'offres électroniques / Share of electronic bids
-- unit: ratio
-- grain: siren, period
-- version: 1, from 2007-01-01
-- numerator: electronic bids submitted in time in the year
-- denominator: all bids: electronic and paper ones where paper was entered, else the reported total (PLI_TOT)
-- disclosure: D2
-- Late electronic bids are in the denominator only. One paper bid entered in the year is enough
-- for the platform's own count to be used. A reported total below the electronic bids known is
-- wrong: then all of these are in the numerator, and the value is above 1, an anomaly.
with bids as (
    select
        siren,
        period,
        in_time_count,
        electronic_count,
        paper_count
    from cube.bids
),

totals as (
    select siren, period, value, status from core.reported where variable = 'PLI_TOT' and item = 'all'
),

units as (
    select siren, period from core.authority_years
    union
    select siren, period from bids
    union
    select siren, period from totals
),

known as (
    select
        u.siren,
        u.period,
        case
            when b.paper_count = 0 and r.value < b.electronic_count then b.electronic_count
            else coalesce(b.in_time_count, 0)
        end as bid_numerator,
        case when b.paper_count > 0 then b.electronic_count + b.paper_count else r.value end as bid_count,
        case when b.paper_count > 0 then 'observed' else coalesce(r.status, 'not_reported') end as status
    from units as u
    left join bids as b on u.siren = b.siren and u.period = b.period
    left join totals as r on u.siren = r.siren and u.period = r.period
    where u.period in (select period from bids)
),

sums as (
    select
        siren,
        period,
        case when status = 'observed' then bid_numerator end as numerator,
        case when status = 'observed' then bid_count end as denominator,
        status
    from known
)

select
    siren,
    period,
    numerator,
    denominator,
    safe_ratio(numerator, denominator) as value,
    status
from sums
