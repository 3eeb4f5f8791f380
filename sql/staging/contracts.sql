-- id: staging.contracts
-- title: Marchés publics déclarés / Public contracts declared
-- unit: row
-- grain: buyer_siret, contract_id, source_file, source_line
-- Without the states that a later modification replaced, where a source has a row for each state.
-- Rows of one buyer and one number are one lot when they have one amount and one object, compared
-- by its plain letters and digits, as a copy may have lost the others. `sequence` numbers the lots
-- that share a number, the dearest first, and `row_of_lot` the rows of one lot, the first one
-- notified first. `suppliers` are `KIND:ID` pairs with a space between.
with declared as (
    select
        *,
        coalesce(buyer_siret, buyer_siren) as buyer_id,
        regexp_replace(lower(object), '[^a-z0-9]', '', 'g') as plain_object
    from lake.contracts
    where is_current is distinct from false
)

select
    buyer_siren,
    buyer_siret,
    buyer_id,
    buyer_name,
    contract_id,
    cast(dense_rank() over (
        partition by buyer_siren, buyer_id, contract_id
        order by amount_eur desc nulls last, plain_object nulls last
    ) as bigint) as sequence,
    cast(row_number() over (
        partition by buyer_siren, buyer_id, contract_id, amount_eur, plain_object
        order by notification_date nulls last, source_line
    ) as bigint) as row_of_lot,
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
    coalesce(suppliers, coalesce(supplier_id_kind, '') || ':' || supplier_id) as suppliers,
    period,
    source_file,
    source_line
from declared
