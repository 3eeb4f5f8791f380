-- id: cube.unit_savings
-- title: Économie unitaire par procédure et strate / Unit saving by process and stratum
-- unit: eur
-- grain: period, stratum_code, process
-- Paper less electronic, item by item. Low: what is saved at its least, what that costs at its
-- most; high: the other way round. It may be negative.
select
    period,
    stratum_code,
    process,
    cast(sum(case side when 'paper' then cost_mid_eur else 0 end) as decimal(22, 6)) as paper_eur,
    cast(sum(case side when 'electronic' then cost_mid_eur else 0 end) as decimal(22, 6)) as electronic_eur,
    cast(sum(case side when 'paper' then cost_low_eur else -cost_high_eur end) as decimal(22, 6)) as low_eur,
    cast(sum(case side when 'paper' then cost_mid_eur else -cost_mid_eur end) as decimal(22, 6)) as mid_eur,
    cast(sum(case side when 'paper' then cost_high_eur else -cost_low_eur end) as decimal(22, 6)) as high_eur
from core.cost_lines
where side in ('paper', 'electronic') and process <> 'service'
group by period, stratum_code, process
