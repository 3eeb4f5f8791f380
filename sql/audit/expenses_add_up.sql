-- id: AUD-05
-- title: Les dépenses par nature et fonction font le total des lignes des comptes / Expenses by nature and function make the total of the lines of the accounts
-- level: blocking
-- An accounting identity: sums of parts are the total, to the cent.
-- Both are summed as one, as a join would read all periods to answer for one.
with summed as (
    select
        period,
        actual_eur as part_eur,
        0 as line_eur
    from core.expenses
    union all
    select
        period,
        0 as part_eur,
        actual_eur as line_eur
    from staging.budget_lines
    where
        document in ('Compte administratif', 'Compte financier unique')
        and side = 'dépense'
        and operation_kind = 'réel'
)

select
    'budget_lines' as table_name,
    period,
    cast(coalesce(sum(part_eur), 0) as varchar) as measured,
    cast(coalesce(sum(line_eur), 0) as varchar) as expected
from summed
group by period
having coalesce(sum(part_eur), 0) <> coalesce(sum(line_eur), 0)
