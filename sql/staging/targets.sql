-- id: staging.targets
-- title: Cibles des collectivités / Targets of the authorities
-- unit: row
-- grain: siren, indicator_id, item, target_year
-- Without a SIREN it is the target of all who have none of their own. Nothing is aimed at beyond
-- 100 %.
select
    siren,
    indicator_id,
    item,
    year as target_year,
    least(cast(target_percent as double), 100) / 100 as target_value,
    origin
from lake.targets
