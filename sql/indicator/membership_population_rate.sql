-- id: B01-P
-- title: Taux d'adhésion pondéré par la population / Membership rate weighted by population
-- unit: ratio
-- grain: siren, period
-- version: 1, from 2007-01-01
-- definition: Part de la population dont la collectivité est elle-même adhérente.
--   / Share of the population whose authority is itself a member.
-- numerator: population de la collectivité si elle est elle-même adhérente le dernier jour de
--   l'année (ou le jour du calcul)
--   / population of the authority if it is itself a member on the last day of the year (or the run
--   date)
-- denominator: population de chaque collectivité des listes officielles ce jour-là
--   / population of every authority of the official lists on that day
-- source: adhésions ; code officiel géographique et liste des EPCI
--   / memberships; official lists of communes and groupings
-- freshness: quotidienne pour les adhésions, annuelle pour les listes
--   / daily for memberships, yearly for the lists
-- caveat: À lire par famille : la population d'une commune est aussi celle de son EPCI, de son
--   département et de la région.
--   / To be read by family: the population of a commune is also that of its grouping, département
--   and region.
-- disclosure: D0
-- rows: numerator core.memberships;
--   denominator core.authority_years
with members as (
    select distinct y.siren, y.period
    from core.authority_years as y
    inner join core.memberships as m on y.siren = m.siren
    where m.start_date <= y.as_of_date and (m.end_date is null or m.end_date >= y.as_of_date)
),

sums as (
    select
        y.siren,
        y.period,
        case when m.siren is null and y.population_count is not null then 0 else y.population_count end as numerator,
        y.population_count as denominator
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
    case when denominator is null then 'not_reported' else 'observed' end as status
from sums
