-- No contract has an amount below zero.
select contract_id, amount_eur from {{ source('core', 'contracts') }} where amount_eur < 0
