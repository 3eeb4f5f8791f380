-- id: core.bids
-- title: Plis reçus / Bids received
-- unit: row
-- grain: bid_id
-- owner: siren
select
    bid_id,
    consultation_id,
    siren,
    period,
    lot_id,
    mode_code = 'electronic' as is_electronic,
    submitted_date,
    is_late,
    is_signed
from staging.bids
