-- id: A09
-- title: Taux d'actes télétransmis par nature / Share of acts transmitted electronically, by nature
-- unit: ratio
-- grain: siren, period, item
-- version: 1, from 2007-01-01
-- definition: Part des actes de l'année transmis par voie électronique, pour chaque nature d'acte
--   (1 à 6).
--   / Share of the year's acts transmitted electronically, for each nature of act (1 to 6).
-- numerator: actes de la nature pris dans l'année, acquittés (statut 4 ou plus), non annulés
--   / acts of the nature decided in the year, acknowledged (status 4 or more), not cancelled
-- denominator: tous les actes de la nature, papier compris, déclarés par la collectivité (ACT_TOT
--   par nature)
--   / all acts of the nature, paper included, as the authority reports them (ACT_TOT by nature)
-- source: actes et messages @CTES ; chiffres déclarés par les collectivités
--   / acts and @CTES messages; figures reported by the authorities
-- freshness: annuelle, après la collecte des déclarations / yearly, once the reports are in
-- caveat: Une collectivité qui ne déclare que le total de toutes les natures est « non répondu »
--   ici.
--   / An authority that reports only the total of all natures is not_reported here.
-- disclosure: D2
-- rows: numerator core.acts if is_transmitted;
--   denominator core.reported of variable = 'ACT_TOT' and item <> 'all' if status = 'observed'
with acts as (
    select
        siren,
        period,
        nature_code as item,
        sum(transmitted_count) as act_count
    from cube.acts
    group by siren, period, nature_code
),

totals as (
    select siren, period, item, value, status from core.reported where variable = 'ACT_TOT' and item <> 'all'
),

authorities as (
    select siren, period from core.authority_years
    union
    select siren, period from acts
    union
    select siren, period from totals
),

units as (
    select
        a.siren,
        a.period,
        n.item
    from authorities as a
    cross join (values ('1'), ('2'), ('3'), ('4'), ('5'), ('6')) as n (item)
    where a.period in (select period from acts)
),

sums as (
    select
        u.siren,
        u.period,
        u.item,
        case when r.status = 'observed' then coalesce(a.act_count, 0) end as numerator,
        case when r.status = 'observed' then r.value end as denominator,
        coalesce(r.status, 'not_reported') as status
    from units as u
    left join acts as a on u.siren = a.siren and u.period = a.period and u.item = a.item
    left join totals as r on u.siren = r.siren and u.period = r.period and u.item = r.item
)

select
    siren,
    period,
    item,
    numerator,
    denominator,
    safe_ratio(numerator, denominator) as value,
    status
from sums
