-- id: B03
-- title: Comptes actifs / Active accounts
-- unit: count
-- grain: siren, period
-- version: 1, from 2007-01-01
-- definition: Nombre de comptes d'agents qui se sont connectés dans les 90 derniers jours.
--   / Number of accounts of agents that connected in the last 90 days.
-- numerator: comptes distincts ayant au moins une connexion dans les 90 jours qui finissent le
--   dernier jour de l'année (ou le jour du calcul)
--   / distinct accounts with at least one session in the 90 days that end on the last day of the
--   year (or the run date)
-- denominator: aucun : c'est un nombre / none: this is a count
-- source: connexions aux services / sessions of the services
-- freshness: quotidienne / daily
-- caveat: Un compte partagé compte pour un. Chaque collectivité des listes a une ligne les années
--   où des connexions sont connues.
--   / A shared account counts for one. Every listed authority has a row in the years for which
--   sessions are known.
-- disclosure: D3
-- rows: numerator core.sessions
with windows as (
    select distinct
        y.period,
        y.as_of_date,
        cast(cast(y.period as bigint) - b.years as varchar) as session_period
    from core.authority_years as y
    cross join (values (0), (1)) as b (years)
),

active as (
    select
        s.siren,
        w.period,
        count(distinct s.account_key) as account_count
    from staging.sessions as s
    inner join windows as w on s.period = w.session_period
    where s.session_date <= w.as_of_date and s.session_date > w.as_of_date - interval '90 days'
    group by s.siren, w.period
)

select
    y.siren,
    y.period,
    coalesce(a.account_count, 0) as numerator,
    cast(null as bigint) as denominator,
    cast(coalesce(a.account_count, 0) as double) as value,
    'observed' as status
from core.authority_years as y
left join active as a on y.siren = a.siren and y.period = a.period
where y.period in (select period from staging.sessions)
