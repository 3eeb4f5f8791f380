-- id: B07
-- title: Bouquet moyen de services / Services per authority
-- unit: count
-- grain: period, service_count
-- version: 1, from 2007-01-01
-- definition: Répartition des collectivités adhérentes selon le nombre de services dont elles se sont
--   servies dans les douze mois, et nombre moyen.
--   / How the member authorities divide by the number of services that they used in the twelve
--   months, and the mean number.
-- numerator: adhérents qui se sont servis d'exactement ce nombre de services
--   / members that used exactly this number of services
-- denominator: tous les adhérents / all members
-- source: B02 (indicator.service_users) / B02 (indicator.service_users)
-- freshness: quotidienne / daily
-- caveat: Un adhérent qui ne se sert de rien compte pour 0. Seuls les services que quelqu'un a utilisés
--   dans les douze mois sont connus.
--   / A member that uses nothing counts for 0. Only services that somebody used in the twelve
--   months are known.
-- disclosure: D0
with members as (
    select
        siren,
        period,
        sum(numerator) as service_count
    from indicator.service_users
    where denominator = 1
    group by siren, period
),

counts as (
    select
        period,
        service_count,
        count(*) as authority_count
    from members
    group by period, service_count
)

select
    period,
    service_count,
    authority_count as numerator,
    sum(authority_count) over (partition by period) as denominator,
    safe_ratio(authority_count, sum(authority_count) over (partition by period)) as value,
    safe_ratio(
        sum(service_count * authority_count) over (partition by period),
        sum(authority_count) over (partition by period)
    ) as mean_count
from counts
