-- id: C04
-- title: Économie unitaire / Unit saving
-- unit: eur
-- grain: siren, period, item
-- version: 1, from 2007-01-01
-- numerator: cost of one unit (act, consultation, bid, flow) on paper, sum of its items
-- denominator: less the cost of the same unit electronically
-- disclosure: D2
-- The item is the process. The costs are those of the authority's stratum in force on 31 December,
-- else those of all. Without a cost parameter in force there is no figure. It may be negative.
select
    v.siren,
    v.period,
    v.process as item,
    cast(u.low_eur as decimal(18, 2)) as low,
    cast(u.mid_eur as decimal(18, 2)) as mid,
    cast(u.high_eur as decimal(18, 2)) as high,
    case when u.mid_eur is null then 'not_reported' else 'observed' end as status
from cube.volumes as v
left join cube.unit_savings as u
    on v.period = u.period and v.stratum_code = u.stratum_code and v.process = u.process
