-- id: A08
-- title: Taux d'actes télétransmis / Share of acts transmitted electronically
-- unit: ratio
-- grain: siren, period
-- version: 1, from 2007-01-01
-- definition: Part des actes de l'année transmis à la préfecture par voie électronique.
--   / Share of the year's acts that were transmitted to the préfecture electronically.
-- numerator: actes pris dans l'année, acquittés par la préfecture (statut 4 ou plus), non annulés
--   / acts decided in the year, acknowledged by the préfecture (status 4 or more), not cancelled
-- denominator: tous les actes de l'année, papier compris, déclarés par la collectivité (ACT_TOT)
--   / all acts of the year, paper included, as the authority reports them (ACT_TOT)
-- source: actes et messages @CTES ; chiffres déclarés par les collectivités
--   / acts and @CTES messages; figures reported by the authorities
-- freshness: annuelle, après la collecte des déclarations / yearly, once the reports are in
-- caveat: Seuls comptent les actes transmissibles. Sans total déclaré la collectivité n'est dans
--   aucune des deux sommes ; un 0 déclaré n'a pas de taux ; au-delà de 1, le total déclaré est faux
--   : c'est une anomalie, jamais moyennée.
--   / Only acts that must be transmitted count. Without a reported total the authority is in
--   neither sum; a reported 0 has no rate; above 1 the reported total is wrong: an anomaly, never
--   averaged.
-- disclosure: D2
-- rows: numerator core.acts if is_transmitted;
--   denominator core.reported of variable = 'ACT_TOT' and item = 'all' if status = 'observed'
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
