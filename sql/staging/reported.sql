-- id: staging.reported
-- title: Chiffres déclarés / Reported figures
-- unit: row
-- grain: siren, period, variable, item
select
    siren,
    period,
    variable,
    item,
    cast(value as bigint) as value,
    status as answer,
    wave
from lake.reported
