-- id: A13
-- title: Flux PES dématérialisés et part signée / Accounting flows, and the share signed
-- unit: ratio
-- grain: siren, period
-- version: 1, from 2007-01-01
-- definition: Flux comptables PES acceptés par le comptable public, et la part de ceux qui sont
--   signés.
--   / Accounting flows that the public accountant accepted, and the share of them that is signed.
-- numerator: flux du dénominateur signés électroniquement
--   / flows of the denominator that are signed electronically
-- denominator: flux envoyés dans l'année et acquittés sans erreur, dont on sait s'ils sont signés :
--   le nombre de flux
--   / flows sent in the year and accepted, of which it is known whether they are signed: the number
--   of flows
-- source: flux Hélios et leurs acquittements / accounting flows and their acknowledgements
-- freshness: quotidienne / daily
-- caveat: Obligatoire depuis 2015 : le nombre saturé dit peu, la part signée davantage.
--   / Compulsory since 2015: the number is saturated, the share signed says more.
-- disclosure: D0
-- rows: numerator core.flows if is_acknowledged and is_signed;
--   denominator core.flows if is_acknowledged and is_signed is not null
with flows as (
    select
        siren,
        period,
        sum(signed_count) as signed_count,
        sum(known_count) as flow_count
    from cube.flows
    where acknowledged_count > 0
    group by siren, period
),

units as (
    select siren, period from core.authority_years
    union
    select siren, period from flows
),

sums as (
    select
        u.siren,
        u.period,
        coalesce(f.signed_count, 0) as numerator,
        coalesce(f.flow_count, 0) as denominator
    from units as u
    left join flows as f on u.siren = f.siren and u.period = f.period
    where u.period in (select period from cube.flows)
)

select
    siren,
    period,
    numerator,
    denominator,
    safe_ratio(numerator, denominator) as value,
    'observed' as status
from sums
