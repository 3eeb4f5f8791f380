-- id: published.adoption_cohorts
-- title: Cohortes d'adoption de la région / Adoption cohorts of the region
-- unit: ratio
-- grain: period, item
-- version: 1, from 2007-01-01
-- definition: Somme des cohortes d'adoption (B05) sur toutes les collectivités, par trimestre
--   d'activation.
--   / Sum of the adoption cohorts (B05) over all authorities, by quarter of activation.
-- numerator: collectivités de la cohorte qui se sont servies du service
--   / authorities of the cohort that used the service
-- denominator: collectivités de la cohorte observées jusqu'au k-ième trimestre
--   / authorities of the cohort that are observed until the k-th quarter
-- source: B05 (indicator.adoption_cohorts) / B05 (indicator.adoption_cohorts)
-- freshness: quotidienne / daily
-- caveat: Une cohorte de moins de 5 collectivités est masquée ; une case absente n'est pas encore
--   observée.
--   / A cohort of fewer than 5 authorities is suppressed; a cell that is absent is not observed
--   yet.
-- disclosure: D0
with cohorts as (
    select
        period,
        item,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from indicator.adoption_cohorts
    group by period, item
)

select
    period,
    item,
    case when denominator >= 5 then numerator end as numerator,
    case when denominator >= 5 then denominator end as denominator,
    case when denominator >= 5 then safe_ratio(numerator, denominator) end as value,
    case when denominator >= 5 then 'observed' else 'suppressed' end as status
from cohorts
