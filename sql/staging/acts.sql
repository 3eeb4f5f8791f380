-- id: staging.acts
-- title: Actes transmis / Acts sent to the préfecture
-- unit: row
-- grain: act_id
select
    act_id,
    siren,
    nature_code,
    subject_code,
    decision_date,
    acknowledged_date,
    status as status_code,
    is_cancelled,
    period
from lake.acts
