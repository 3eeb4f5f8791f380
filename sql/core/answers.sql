-- id: core.answers
-- title: Réponses aux enquêtes, une réponse par collectivité / Survey answers, one response an authority
-- unit: row
-- grain: survey, wave, siren, question, item
-- Not even the pseudonym of the respondent is shown. Declared by an authority (class D2): never published as it is.
-- A file holds one response an authority; of several files the latest complete one counts.
-- A profile names its questions of opinion SATISFACTION, FREINS and MOTEURS; the example survey has
-- its own name. A series is one item under one wording: another version is another series.
with opinions as (
    select survey, question, measure
    from (
        values
        ('all', 'SATISFACTION', 'satisfaction'),
        ('all', 'FREINS', 'obstacle'),
        ('all', 'MOTEURS', 'driver'),
        ('enquete-exemple', 'Q4', 'satisfaction')
    ) as o (survey, question, measure)
),

responses as (
    select
        survey,
        wave,
        siren,
        respondent_key,
        row_number() over (
            partition by survey, wave, siren
            order by max(is_complete) desc, max(submitted_date) desc nulls last, respondent_key
        ) as place
    from staging.answers
    group by survey, wave, siren, respondent_key
)

select
    a.survey,
    a.wave,
    a.siren,
    a.submitted_date,
    a.is_complete,
    a.question,
    a.version,
    a.item,
    a.value,
    a.status_code,
    o.measure,
    a.survey || ':' || a.item || '@' || a.version as series
from staging.answers as a
join responses as r
    on a.survey = r.survey and a.wave = r.wave and a.respondent_key = r.respondent_key
        and a.siren = r.siren
left join opinions as o on a.question = o.question and o.survey in ('all', a.survey)
where r.place = 1
