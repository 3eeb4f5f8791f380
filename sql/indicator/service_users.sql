-- id: B02
-- title: Collectivités utilisatrices par service / Authorities that use each service
-- unit: ratio
-- grain: siren, period, item
-- version: 1, from 2007-01-01
-- definition: Part des adhérents qui se sont servis du service dans les douze derniers mois.
--   / Share of the members that used the service in the last twelve months.
-- numerator: 1 si la collectivité s'est servie du service (un acte, une consultation, un flux ;
--   pour les autres services une connexion) dans les 12 mois qui finissent le dernier jour de
--   l'année (ou le jour du calcul)
--   / 1 if the authority used the service (an act, a tender, a flow; for the other services a
--   session) in the 12 months that end on the last day of the year (or the run date)
-- denominator: 1 pour chaque collectivité adhérente ce jour-là, elle-même ou par son EPCI
--   / 1 for every authority that is a member on that day, itself or through its grouping
-- source: plateforme (consultations, actes, flux, connexions) ; adhésions
--   / platform (tenders, acts, flows, sessions); memberships
-- freshness: quotidienne / daily
-- caveat: Activé n'est pas utilisé. Une collectivité non adhérente est « non concernée » ; un
--   service que personne n'a utilisé dans les douze mois n'a pas de ligne.
--   / Activated is not used. An authority that is no member is not_concerned; a service that nobody
--   used in the twelve months has no row.
-- disclosure: D0
-- rows: numerator core.acts if is_transmitted;
--   numerator staging.consultations if status_code <> 'draft';
--   numerator core.flows;
--   numerator core.sessions;
--   denominator core.memberships
with used as (
    select distinct y.siren, y.period, u.service_code
    from cube.use_years as u
    cross join (values (0), (1)) as later (years)
    inner join core.authority_years as y
        on u.siren = y.siren and y.period = cast(u.year + later.years as varchar)
    where u.first_day <= y.as_of_date and u.last_day > y.as_of_date - interval '12 months'
),

members as (
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
        s.service_code as item,
        cast(case when m.siren is not null then case when u.siren is null then 0 else 1 end end as bigint) as numerator,
        cast(case when m.siren is not null then 1 end as bigint) as denominator
    from core.authority_years as y
    inner join (select distinct period, service_code from used) as s on y.period = s.period
    left join members as m on y.siren = m.siren and y.period = m.period
    left join used as u on y.siren = u.siren and y.period = u.period and s.service_code = u.service_code
)

select
    siren,
    period,
    item,
    numerator,
    denominator,
    safe_ratio(numerator, denominator) as value,
    case when denominator is null then 'not_concerned' else 'observed' end as status
from sums
