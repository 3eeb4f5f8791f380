-- id: core.answers
-- title: Réponses aux enquêtes, une réponse par collectivité / Survey answers, one response an authority
-- unit: row
-- grain: survey, wave, siren, question, item
-- owner: siren
-- Not even the pseudonym of the respondent is shown. Declared by an authority (class D2): never published as it is.
-- A file holds one response an authority; of several files the latest complete one counts.
-- A profile names its questions of opinion SATISFACTION, FREINS and MOTEURS (agreed: 4 or 5), and
-- those on enablers, yes or no, CERTIFICAT, REFERENT, SIGNATURE and PARAPHEUR; the example survey has
-- its own names. A series is one item, or a question without items, under one wording: another
-- version is another series. The status is that of the figure which an answer gives.
with measures as (
    select survey, question, measure
    from (
        values
        ('all', 'SATISFACTION', 'satisfaction'),
        ('all', 'FREINS', 'obstacle'),
        ('all', 'MOTEURS', 'driver'),
        ('all', 'CERTIFICAT', 'enabler'),
        ('all', 'REFERENT', 'enabler'),
        ('all', 'SIGNATURE', 'enabler'),
        ('all', 'PARAPHEUR', 'enabler'),
        ('enquete-exemple', 'Q1', 'enabler'),
        ('enquete-exemple', 'Q4', 'satisfaction')
    ) as m (survey, question, measure)
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
    a.*,
    case
        when a.is_agreed is not null then 'observed'
        when a.status_code in ('not_concerned', 'not_asked') then 'not_concerned'
        else 'not_reported'
    end as status
from (
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
        m.measure,
        case when m.measure <> 'enabler' and a.value in ('1', '2', '3', '4', '5') then cast(a.value as bigint) end as point,
        case
            when m.measure = 'enabler' and a.value in ('Y', 'N') then a.value = 'Y'
            when m.measure <> 'enabler' and a.value in ('1', '2', '3', '4', '5') then a.value in ('4', '5')
        end as is_agreed,
        a.survey || ':' || case a.item when 'all' then a.question else a.item end || '@' || a.version as series
    from staging.answers as a
    join responses as r
        on a.survey = r.survey and a.wave = r.wave and a.respondent_key = r.respondent_key
            and a.siren = r.siren
    left join measures as m on a.question = m.question and m.survey in ('all', a.survey)
    where r.place = 1
) as a
