-- id: AUD-04
-- title: Aucun acte de l'export ne se perd / No act of the export is lost
-- level: blocking
-- core.acts has every act of the export, and those that are known by their messages only.
-- Both are counted as one, as a join would read all periods to answer for one.
with counted as (
    select
        period,
        1 as landed,
        0 as kept
    from staging.acts
    union all
    select
        period,
        0 as landed,
        1 as kept
    from core.acts
)

select
    'acts' as table_name,
    period,
    cast(sum(kept) as varchar) as measured,
    concat('at least ', sum(landed)) as expected
from counted
group by period
having sum(kept) < sum(landed)
