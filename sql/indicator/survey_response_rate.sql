-- id: B11
-- title: Taux de réponse aux enquêtes / Response rate of surveys
-- unit: ratio
-- grain: siren, period, item
-- version: 1, from 2007-01-01
-- definition: Part des collectivités qui ont répondu en entier à l'enquête.
--   / Share of the authorities that answered the survey in full.
-- numerator: 1 si la collectivité a une réponse complète
--   / 1 if the authority has a complete response
-- denominator: 1 pour chaque collectivité des listes officielles l'année de la vague
--   / 1 for every authority of the official lists in the year of the wave
-- source: enquêtes auprès des collectivités ; code officiel géographique et liste des EPCI
--   / surveys of the authorities; official lists of communes and groupings
-- freshness: à chaque vague d'enquête / with each wave of a survey
-- caveat: Aucun fichier ne dit qui a été interrogé : le dénominateur suppose que toutes les
--   collectivités l'ont été. La période est la vague, la modalité l'enquête. Poids et effet de Kish
--   : published.survey_coverage.
--   / No file says who was asked: the denominator supposes that every authority was. The period is
--   the wave, the item the survey. Weights and Kish's effect: published.survey_coverage.
-- disclosure: D0
-- rows: numerator core.answers if is_complete;
--   denominator core.authority_years
with responses as (
    select
        survey,
        wave,
        siren
    from core.answers
    group by survey, wave, siren
    having max(is_complete)
),

sums as (
    select
        y.siren,
        y.period,
        w.survey as item,
        cast(case when r.siren is null then 0 else 1 end as bigint) as numerator,
        cast(1 as bigint) as denominator
    from core.authority_years as y
    inner join (select distinct survey, wave from core.answers) as w on y.period = w.wave
    left join responses as r on y.siren = r.siren and w.wave = r.wave and w.survey = r.survey
)

select
    siren,
    period,
    item,
    numerator,
    denominator,
    safe_ratio(numerator, denominator) as value,
    'observed' as status
from sums
