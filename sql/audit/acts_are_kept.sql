-- id: AUD-04
-- title: Aucun acte de l'export ne se perd / No act of the export is lost
-- level: blocking
-- core.acts has every act of the export, and those that are known by their messages only.
with landed as (
    select period, count(*) as act_count from staging.acts group by period
),

kept as (
    select period, count(*) as act_count from core.acts group by period
)

select
    'acts' as table_name,
    l.period,
    cast(coalesce(k.act_count, 0) as varchar) as measured,
    concat('at least ', l.act_count) as expected
from landed as l
left join kept as k on l.period = k.period
where coalesce(k.act_count, 0) < l.act_count
