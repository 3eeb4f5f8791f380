-- id: staging.publications
-- title: Actes confiés au service de données ouvertes / Acts sent to the open-data service
-- unit: row
-- grain: publication_id
select
    publication_id,
    siren,
    act_number,
    nature_code,
    subject_code,
    decision_date,
    open_data_choice as choice_code,
    state as state_code,
    created_date,
    published_date,
    is_masked,
    is_deleted,
    is_scanned,
    period
from lake.publications
