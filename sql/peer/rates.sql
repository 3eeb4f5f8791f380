-- id: peer.rates
-- title: Taux des collectivités, côte à côte / Rates of the authorities, side by side
-- unit: ratio
-- grain: indicator_id, item, siren, period
-- Every yearly rate of an authority that is in the official lists. The value is there where it
-- can be compared: a rate above 1 is an anomaly, and over a total of 0 there is none.
with figures as (
    select 'A02' as indicator_id, 'D2' as class, 'all' as item, siren, period, numerator, denominator, status from indicator.online_tender_rate
    union all
    select 'A03', 'D0', 'all', siren, period, numerator, denominator, status from indicator.electronic_reply_rate
    union all
    select 'A04', 'D2', 'all', siren, period, numerator, denominator, status from indicator.electronic_bid_rate
    union all
    select 'A06', 'D0', 'all', siren, period, numerator, denominator, status from indicator.tenders_with_electronic_bid
    union all
    select 'A08', 'D2', 'all', siren, period, numerator, denominator, status from indicator.act_transmission_rate
    union all
    select 'A13', 'D0', 'all', siren, period, numerator, denominator, status from indicator.signed_flow_rate
    union all
    select 'B01', 'D0', 'all', siren, period, numerator, denominator, status from indicator.membership_rate
    union all
    select 'B01-G', 'D0', 'all', siren, period, numerator, denominator, status from indicator.membership_rate_with_groupings
    union all
    select 'B01-P', 'D0', 'all', siren, period, numerator, denominator, status from indicator.membership_population_rate
    union all
    select 'B02', 'D0', item, siren, period, numerator, denominator, status from indicator.service_users
)

select
    f.indicator_id,
    f.class,
    f.item,
    f.siren,
    f.period,
    y.kind,
    y.family,
    y.stratum_code,
    y.department_code,
    y.population_count,
    f.numerator,
    f.denominator,
    case when f.numerator <= f.denominator then safe_ratio(f.numerator, f.denominator) end as value,
    f.status,
    coalesce(f.numerator > f.denominator, false) as is_anomaly
from figures as f
inner join core.authority_years as y on f.siren = y.siren and f.period = y.period
