-- id: core.consultations
-- title: Consultations publiées / Published tenders
-- unit: row
-- grain: consultation_id
-- owner: siren
-- Drafts are left out. Closed: not cancelled, and the closing date is not after the run date.
select
    c.consultation_id,
    c.siren,
    c.period,
    c.published_date,
    c.closing_date,
    c.procedure_code,
    c.nature_code,
    c.lot_count,
    c.status_code,
    c.e_reply_code,
    coalesce(c.closing_date <= r.run_date and c.status_code <> 'cancelled', false) as is_closed
from staging.consultations as c
cross join staging.release as r
where c.status_code <> 'draft'
