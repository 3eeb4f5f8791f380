-- id: staging.cost_parameters
-- title: Paramètres de coût / Cost parameters
-- unit: row
-- grain: parameter, process, item, side, factor, stratum_code, start_date
-- A bound on the wrong side of the middle value is drawn to it (the row has a warning). What is
-- a hundred million or more is no parameter.
select
    parameter,
    process,
    item,
    side,
    factor,
    stratum as stratum_code,
    unit,
    per_count,
    try_cast(least(low, mid) as decimal(10, 2)) as low,
    try_cast(mid as decimal(10, 2)) as mid,
    try_cast(greatest(mid, high) as decimal(10, 2)) as high,
    start_date,
    end_date,
    origin,
    source
from lake.cost_parameters
