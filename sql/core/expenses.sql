-- id: core.expenses
-- title: Dépenses réelles par nature et fonction / Actual expenses by nature and function
-- unit: eur
-- grain: siren, siret, period, nature_code, function_code
-- owner: siren
-- What was spent, so the accounts only (compte administratif or financier unique), never a
-- budget voted or amended; money that moves, so no opération d'ordre.
select
    siren,
    siret,
    period,
    nature_code,
    coalesce(function_code, '') as function_code,
    cast(sum(actual_eur) as decimal(18, 2)) as actual_eur,
    count(*) as line_count
from staging.budget_lines
where
    document in ('Compte administratif', 'Compte financier unique')
    and side = 'dépense'
    and operation_kind = 'réel'
group by siren, siret, period, nature_code, coalesce(function_code, '')
