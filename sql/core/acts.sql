-- id: core.acts
-- title: Actes, avec ce qui compte comme télétransmis / Acts, with what counts as transmitted
-- unit: row
-- grain: act_id
-- Transmitted: status 4 (acknowledgement received) or more, acknowledged, not cancelled.
select
    act_id,
    siren,
    period,
    nature_code,
    subject_code,
    subject_level2(subject_code) as subject_level2_code,
    decision_date,
    acknowledged_date,
    status_code >= 4 and acknowledged_date is not null and not is_cancelled as is_transmitted
from staging.acts
