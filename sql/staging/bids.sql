-- id: staging.bids
-- title: Plis reçus / Bids received
-- unit: row
-- grain: bid_id
select
    bid_id,
    consultation_id,
    siren,
    lot as lot_id,
    mode as mode_code,
    submitted_date,
    is_late,
    is_signed,
    period
from lake.bids
