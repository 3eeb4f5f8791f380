-- id: A05
-- title: Offres électroniques par consultation / Electronic bids per tender
-- unit: bids per tender
-- grain: siren, period
-- version: 1, from 2007-01-01
-- numerator: electronic bids received for the tenders of the denominator, late ones included
-- denominator: tenders published in the year whose closing date has passed, cancelled ones left out
-- disclosure: D0
-- An authority without a closed tender has a denominator of 0 and no value.
with bids as (
    select
        consultation_id,
        count(*) as bid_count
    from core.bids
    where is_electronic
    group by consultation_id
),

closed as (
    select
        c.siren,
        c.period,
        sum(coalesce(b.bid_count, 0)) as bid_count,
        count(*) as tender_count
    from core.consultations as c
    left join bids as b on c.consultation_id = b.consultation_id
    where c.is_closed
    group by c.siren, c.period
),

units as (
    select siren, period from core.authority_years
    union
    select siren, period from closed
),

sums as (
    select
        u.siren,
        u.period,
        coalesce(c.bid_count, 0) as numerator,
        coalesce(c.tender_count, 0) as denominator
    from units as u
    left join closed as c on u.siren = c.siren and u.period = c.period
    where u.period in (select period from core.consultations)
)

select
    siren,
    period,
    numerator,
    denominator,
    safe_ratio(numerator, denominator) as value,
    'observed' as status
from sums
