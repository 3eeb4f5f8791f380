-- id: A01
-- title: Consultations en ligne / Online tenders
-- unit: count
-- grain: siren, period
-- version: 1, from 2007-01-01
-- numerator: tenders published on the platform in the year, drafts left out
-- denominator: none, this is a count
-- disclosure: D0
-- Every listed authority has a row in the years for which the platform's tenders are landed.
with tenders as (
    select
        siren,
        period,
        tender_count
    from cube.consultations
),

units as (
    select siren, period from core.authority_years
    union
    select siren, period from tenders
)

select
    u.siren,
    u.period,
    coalesce(t.tender_count, 0) as numerator,
    cast(null as bigint) as denominator,
    cast(coalesce(t.tender_count, 0) as double) as value,
    'observed' as status
from units as u
left join tenders as t on u.siren = t.siren and u.period = t.period
where u.period in (select period from tenders)
