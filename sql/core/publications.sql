-- id: core.publications
-- title: Actes confiés au service de données ouvertes, avec leur état / Acts sent to the open-data service, with their state
-- unit: row
-- grain: publication_id
-- owner: siren
-- Individual acts are named to nobody above staging: of these the number and the subject are left out.
select
    publication_id,
    siren,
    period,
    case when nature_code <> '3' then act_number end as act_number,
    nature_code,
    case when nature_code <> '3' then subject_code end as subject_code,
    decision_date,
    choice_code,
    state_code,
    published_date,
    is_masked,
    is_deleted,
    is_scanned
from staging.publications
