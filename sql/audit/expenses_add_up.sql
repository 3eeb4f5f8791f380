-- id: AUD-05
-- title: Les dépenses par nature et fonction font le total des lignes des comptes / Expenses by nature and function make the total of the lines of the accounts
-- level: blocking
-- An accounting identity: sums of parts are the total, to the cent.
with parts as (
    select period, sum(actual_eur) as amount_eur from core.expenses group by period
),

lines as (
    select
        period,
        sum(actual_eur) as amount_eur
    from staging.budget_lines
    where
        document in ('Compte administratif', 'Compte financier unique')
        and side = 'dépense'
        and operation_kind = 'réel'
    group by period
)

select
    'budget_lines' as table_name,
    l.period,
    cast(coalesce(p.amount_eur, 0) as varchar) as measured,
    cast(coalesce(l.amount_eur, 0) as varchar) as expected
from lines as l
left join parts as p on l.period = p.period
where coalesce(p.amount_eur, 0) <> coalesce(l.amount_eur, 0)
