-- id: staging.reported
-- title: Chiffres déclarés / Reported figures
-- unit: row
-- grain: siren, period, variable, item
-- Counts: a fraction of an act or of a tender is no answer.
select
    siren,
    period,
    variable,
    item,
    case when value = floor(value) then cast(value as bigint) end as value,
    status as answer,
    wave
from lake.reported
