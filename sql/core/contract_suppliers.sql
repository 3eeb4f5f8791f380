-- id: core.contract_suppliers
-- title: Titulaires des marchés et concessions / Suppliers of contracts and concessions
-- unit: row
-- grain: buyer_siren, buyer_siret, contract_id, sequence, supplier_id_kind, supplier_id
-- owner: buyer_siren
-- One row for each supplier of a contract, however many rows named it. An amount is the whole
-- contract's and is not here: it must not be summed over suppliers.
with pairs as (
    select
        buyer_siren,
        buyer_siret,
        contract_id,
        sequence,
        unnest(string_to_array(suppliers, ' ')) as pair
    from staging.contracts
)

select
    buyer_siren,
    buyer_siret,
    contract_id,
    sequence,
    nullif(split_part(pair, ':', 1), '') as supplier_id_kind,
    split_part(pair, ':', 2) as supplier_id
from pairs
group by
    buyer_siren,
    buyer_siret,
    contract_id,
    sequence,
    nullif(split_part(pair, ':', 1), ''),
    split_part(pair, ':', 2)
