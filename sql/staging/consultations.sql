-- id: staging.consultations
-- title: Consultations en ligne / Online tenders
-- unit: row
-- grain: consultation_id
select
    consultation_id,
    siren,
    siret,
    published_date,
    closing_date,
    procedure as procedure_code,
    nature as nature_code,
    lot_count,
    status as status_code,
    e_reply as e_reply_code,
    period
from lake.consultations
