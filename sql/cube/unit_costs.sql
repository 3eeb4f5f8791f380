-- id: cube.unit_costs
-- title: Coût d'une unité par procédure, côté et strate / Cost of one unit by process, side and stratum
-- unit: eur
-- grain: period, stratum_code, process, side
-- The sum of the items of a side: handled on paper, or electronically.
select
    period,
    stratum_code,
    process,
    side,
    cast(sum(cost_low_eur) as decimal(18, 2)) as low,
    cast(sum(cost_mid_eur) as decimal(18, 2)) as mid,
    cast(sum(cost_high_eur) as decimal(18, 2)) as high
from core.cost_lines
group by period, stratum_code, process, side
