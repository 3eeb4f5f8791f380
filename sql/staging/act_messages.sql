-- id: staging.act_messages
-- title: Messages @CTES / @CTES messages
-- unit: row
-- grain: act_id, message_code
select
    act_id,
    message as message_code,
    siren,
    department_code,
    decision_date,
    message_date,
    internal_number,
    nature_code,
    subject_code,
    subject,
    classification_date,
    attachment_count,
    is_paper,
    anomaly_code,
    period
from lake.act_messages
