-- id: staging.flows
-- title: Flux Hélios et leurs acquittements / Accounting flows and their acknowledgements
-- unit: row
-- grain: siren, flow_id, message_code
select
    siren,
    flow_id,
    message as message_code,
    siret,
    flow_date,
    office_code,
    budget_code,
    fiscal_year,
    domain as domain_code,
    batch_count,
    piece_count,
    line_count,
    attachment_count,
    amount_eur,
    is_signed,
    is_dematerialised,
    is_acknowledged,
    period
from lake.flows
