-- id: staging.contracts
-- title: Marchés publics déclarés / Public contracts declared
-- unit: row
-- grain: buyer_siret, contract_id, source_file, source_line
select
    buyer_siren,
    buyer_siret,
    buyer_name,
    contract_id,
    layout as layout_code,
    kind as kind_code,
    nature,
    object,
    cpv_code,
    procedure,
    place_code,
    place_kind,
    duration_months,
    notification_date,
    published_date,
    amount_eur,
    bid_count,
    supplier_id,
    supplier_id_kind,
    supplier_count,
    period,
    source_file,
    source_line
from lake.contracts
