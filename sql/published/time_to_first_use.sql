-- id: B06
-- title: Délai d'adoption des services / Time to first use of services
-- unit: day
-- grain: service_code
-- version: 1, from 2007-01-01
-- definition: Jours entre l'activation d'un service et son premier usage : médiane de Kaplan-Meier, qui
--   compte aussi les collectivités qui ne s'en sont pas encore servies.
--   / Days between the activation of a service and its first use: Kaplan-Meier median, which also
--   counts the authorities that have not used it yet.
-- numerator: jours de l'activation au premier usage / days from the activation to the first use
-- denominator: collectivités qui ont activé le service, censurées au jour du calcul
--   / authorities that have the service activated, censored on the run date
-- source: activations ; plateforme (consultations, actes, flux, connexions)
--   / activations; platform (tenders, acts, flows, sessions)
-- freshness: quotidienne / daily
-- caveat: Sans médiane tant que plus de la moitié ne s'est pas servie du service ; l'usage d'avant
--   l'activation ne compte pas. Moins de 5 activations : masqué.
--   / No median as long as more than half have not used the service; use before the activation does
--   not count. Fewer than 5 activations: suppressed.
-- disclosure: D0
with durations as (
    select
        a.service_code,
        a.siren,
        min(u.day) is not null as is_used,
        coalesce(min(u.day), max(r.run_date)) - min(a.start_date) as days
    from core.activations as a
    cross join staging.release as r
    left join cube.uses as u on a.siren = u.siren and a.service_code = u.service_code and u.day >= a.start_date
    where a.start_date <= r.run_date
    group by a.service_code, a.siren
),

days as (
    select
        service_code,
        days,
        sum(case when is_used then 1 else 0 end) as used_count,
        sum(count(*)) over (partition by service_code order by days desc) as at_risk_count
    from durations
    group by service_code, days
),

-- Kaplan-Meier: the product of (1 - used / at risk) over the days until then, by its logarithm.
survival as (
    select
        service_code,
        days,
        case
            when min(at_risk_count - used_count) over (partition by service_code order by days) = 0 then 0.0
            else exp(sum(ln(cast(nullif(at_risk_count - used_count, 0) as double) / cast(at_risk_count as double)))
                over (partition by service_code order by days))
        end as unused_share
    from days
),

medians as (
    select service_code, min(days) as median_days from survival where unused_share <= 0.5 + 1e-9 group by service_code
),

totals as (
    select
        service_code,
        count(*) as activated_count,
        sum(case when is_used then 1 else 0 end) as used_count
    from durations
    group by service_code
)

select
    t.service_code,
    t.activated_count,
    case when t.activated_count >= 5 then t.used_count end as used_count,
    case when t.activated_count >= 5 then m.median_days end as median_days,
    case when t.activated_count >= 5 then 'observed' else 'suppressed' end as status
from totals as t
left join medians as m on t.service_code = m.service_code
