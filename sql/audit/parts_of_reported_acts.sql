-- id: AUD-03
-- title: Actes déclarés par nature, en somme au plus égaux au total / Acts reported by nature add up to at most the total
-- level: warning
-- An accounting identity of what authorities declare, summed over those that break it.
with sums as (
    select
        siren,
        period,
        sum(case when item = 'all' then value end) as total,
        sum(case when item <> 'all' then value end) as parts
    from core.reported
    where variable = 'ACT_TOT' and status = 'observed'
    group by siren, period
)

select
    'reported' as table_name,
    period,
    concat(sum(parts), ' by nature of ', count(*), ' authorities') as measured,
    concat('at most ', sum(total), ' in all') as expected
from sums
where parts > total
group by period
