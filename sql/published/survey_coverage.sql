-- id: published.survey_coverage
-- title: Représentativité des enquêtes par strate et département
--   / Coverage of surveys by stratum and département
-- unit: ratio
-- grain: survey, wave, family, stratum_code, department_code
-- version: 1, from 2007-01-01
-- definition: Réponses complètes, collectivités de la strate, poids de sondage N/n, et effet de
--   plan de Kish de l'enquête dans la famille.
--   / Complete responses, authorities of the stratum, design weight N/n, and Kish's design effect
--   of the survey in the family.
-- numerator: collectivités de la strate ayant une réponse complète
--   / authorities of the stratum with a complete response
-- denominator: collectivités de la strate dans les listes officielles
--   / authorities of the stratum in the official lists
-- source: B11 (indicator.survey_response_rate) / B11 (indicator.survey_response_rate)
-- freshness: à chaque vague d'enquête / with each wave of a survey
-- caveat: Une strate sans réponse n'a pas de poids et n'est pas représentée. L'effet de Kish, n·Σw²
--   sur (Σw)², dit de combien la pondération élargit les intervalles ; strate ou département
--   inconnus : « all ».
--   / A stratum without a response has no weight and is not represented. Kish's effect, n·Σw² over
--   (Σw)², tells by how much weighting widens intervals; unknown stratum or département: `all`.
-- disclosure: D0
with strata as (
    select
        r.item as survey,
        r.period as wave,
        y.family,
        coalesce(y.stratum_code, 'all') as stratum_code,
        coalesce(y.department_code, 'all') as department_code,
        sum(r.numerator) as respondent_count,
        sum(r.denominator) as authority_count
    from indicator.survey_response_rate as r
    inner join core.authority_years as y on r.siren = y.siren and r.period = y.period
    group by r.item, r.period, y.family, coalesce(y.stratum_code, 'all'), coalesce(y.department_code, 'all')
),

weighted as (
    select
        *,
        safe_ratio(authority_count, respondent_count) as weight
    from strata
)

select
    survey,
    wave,
    family,
    stratum_code,
    department_code,
    respondent_count as numerator,
    authority_count as denominator,
    safe_ratio(respondent_count, authority_count) as value,
    weight,
    cast(sum(respondent_count) over (partition by survey, wave, family) as double)
        * sum(respondent_count * weight * weight) over (partition by survey, wave, family)
        / nullif(power(sum(respondent_count * weight) over (partition by survey, wave, family), 2), 0) as kish_effect
from weighted
