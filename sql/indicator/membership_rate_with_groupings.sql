-- id: B01-G
-- title: Taux d'adhésion, communes représentées par leur EPCI comprises
--   / Membership rate, with communes represented by their grouping
-- unit: ratio
-- grain: siren, period
-- version: 1, from 2007-01-01
-- definition: Part des collectivités des listes officielles adhérentes elles-mêmes ou par leur
--   EPCI.
--   / Share of the authorities of the official lists that are members themselves or through their
--   grouping.
-- numerator: 1 si la collectivité ou son EPCI est adhérent le dernier jour de l'année (ou le jour
--   du calcul)
--   / 1 if the authority or its grouping is a member on the last day of the year (or the run date)
-- denominator: 1 pour chaque collectivité des listes officielles ce jour-là
--   / 1 for every authority of the official lists on that day
-- source: adhésions ; code officiel géographique et liste des EPCI
--   / memberships; official lists of communes and groupings
-- freshness: quotidienne pour les adhésions, annuelle pour les listes
--   / daily for memberships, yearly for the lists
-- caveat: La commune d'un EPCI adhérent compte, même si elle n'utilise rien ; l'EPCI d'une commune
--   n'est connu que si les deux listes sont de la même date.
--   / A commune of a grouping that is a member counts, even if it uses nothing; the grouping of a
--   commune is known only where both lists have one date.
-- disclosure: D0
-- rows: numerator core.memberships;
--   denominator core.authority_years
with members as (
    select y.siren, y.period
    from core.authority_years as y
    inner join core.memberships as m on y.siren = m.siren
    where m.start_date <= y.as_of_date and (m.end_date is null or m.end_date >= y.as_of_date)
    union
    select y.siren, y.period
    from core.authority_years as y
    inner join core.memberships as m on y.epci_siren = m.siren
    where m.start_date <= y.as_of_date and (m.end_date is null or m.end_date >= y.as_of_date)
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
