-- id: staging.answers
-- title: Réponses aux enquêtes / Survey answers
-- unit: row
-- grain: survey, wave, respondent_key, question, item
select
    survey,
    wave,
    respondent_key,
    siren,
    submitted_date,
    is_complete,
    question,
    version,
    item,
    value,
    status as status_code
from lake.answers
