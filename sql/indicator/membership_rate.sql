-- id: B01
-- title: Taux d'adhésion / Membership rate
-- unit: ratio
-- grain: siren, period
-- version: 1, from 2007-01-01
-- definition: Part des collectivités des listes officielles qui sont elles-mêmes adhérentes.
--   / Share of the authorities of the official lists that are themselves members.
-- numerator: 1 si la collectivité est elle-même adhérente le dernier jour de l'année (ou le jour du
--   calcul)
--   / 1 for an authority that is itself a member on the last day of the year (or the run date)
-- denominator: 1 pour chaque collectivité des listes officielles ce jour-là
--   / 1 for every authority of the official lists on that day
-- source: adhésions ; code officiel géographique et liste des EPCI
--   / memberships; official lists of communes and groupings
-- freshness: quotidienne pour les adhésions, annuelle pour les listes
--   / daily for memberships, yearly for the lists
-- caveat: Adhésion directe : une commune adhérente par son EPCI n'est pas comptée. Le dénominateur
--   est toutes les collectivités, jamais les seules adhérentes.
--   / Direct membership: a commune that is a member through its grouping is not counted. The
--   denominator is all authorities, never members alone.
-- disclosure: D0
-- rows: numerator core.memberships;
--   denominator core.authority_years
-- The end date is the last day of membership.
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
