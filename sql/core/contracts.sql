-- id: core.contracts
-- title: Marchés et concessions, un par contrat / Contracts and concessions, one row each
-- unit: row
-- grain: buyer_siren, buyer_siret, contract_id, notification_date, amount_eur, object
-- Rows that differ only by supplier are one contract; the same number with another amount or
-- object is another lot.
select
    buyer_siren,
    buyer_siret,
    contract_id,
    notification_date,
    amount_eur,
    object,
    period,
    max(buyer_name) as buyer_name,
    max(kind_code) as kind_code,
    max(nature) as nature,
    max(cpv_code) as cpv_code,
    max(procedure) as procedure,
    max(place_code) as place_code,
    max(place_kind) as place_kind,
    max(duration_months) as duration_months,
    min(published_date) as published_date,
    max(bid_count) as bid_count,
    sum(supplier_count) as supplier_count
from staging.contracts
group by buyer_siren, buyer_siret, contract_id, notification_date, amount_eur, object, period
