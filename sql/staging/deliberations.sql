-- id: staging.deliberations
-- title: Délibérations publiées / Deliberations published
-- unit: row
-- grain: siren, deliberation_id
select
    siren,
    siret,
    authority_name,
    deliberation_id,
    decision_date,
    subject_code,
    subject_name,
    subject,
    budget_years,
    budget_name,
    prefecture_id,
    received_date,
    seat_count,
    voter_count,
    for_count,
    against_count,
    abstention_count,
    url,
    published_date,
    nature as nature_code,
    nature_detail,
    period
from lake.deliberations
