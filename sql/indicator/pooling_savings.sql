-- id: C01
-- title: Économies de mutualisation / Pooling savings
-- unit: eur
-- grain: siren, period, item
-- version: 1, from 2007-01-01
-- numerator: price of a year of a service of one's own × share of authorities that would have bought it, of each service used
-- denominator: item `net`: less an equal share of what the shared service costs in all, and what it costs the authority itself
-- disclosure: D2
-- Items: gross, net. The counterfactual is the parameter `quantity` of the side `alone`: not every
-- authority would have bought. Used: an act, a tender or a flow in the year. Only services with a
-- price alone in force count, and an authority that uses none of them is not concerned.
with prices as (
    select
        period,
        stratum_code,
        item as service,
        max(case when side = 'alone' then cost_low_eur end) as low,
        max(case when side = 'alone' then cost_mid_eur end) as mid,
        max(case when side = 'alone' then cost_high_eur end) as high,
        coalesce(max(case when side = 'own' then cost_low_eur end), 0) as own_low,
        coalesce(max(case when side = 'own' then cost_mid_eur end), 0) as own_mid,
        coalesce(max(case when side = 'own' then cost_high_eur end), 0) as own_high,
        -- What is paid in all is that of no stratum.
        coalesce(max(max(case when side = 'shared' and stratum_code = 'all' then cost_low_eur end)) over (partition by period, item), 0) as shared_low,
        coalesce(max(max(case when side = 'shared' and stratum_code = 'all' then cost_mid_eur end)) over (partition by period, item), 0) as shared_mid,
        coalesce(max(max(case when side = 'shared' and stratum_code = 'all' then cost_high_eur end)) over (partition by period, item), 0) as shared_high
    from core.cost_lines
    where process = 'service'
    group by period, stratum_code, item
),

uses as (
    select
        siren,
        period,
        stratum_code,
        case when electronic_count > 0 then service_of_process(process) end as service,
        sum(case when electronic_count > 0 then 1 else 0 end) over (partition by period, process) as user_count
    from cube.volumes
),

amounts as (
    select
        u.siren,
        u.period,
        sum(p.low) as low,
        sum(p.mid) as mid,
        sum(p.high) as high,
        sum(p.low - p.own_high - p.shared_high / u.user_count) as net_low,
        sum(p.mid - p.own_mid - p.shared_mid / u.user_count) as net_mid,
        sum(p.high - p.own_low - p.shared_low / u.user_count) as net_high
    from uses as u
    left join prices as p
        on u.period = p.period and u.stratum_code = p.stratum_code and u.service = p.service and p.mid is not null
    group by u.siren, u.period
)

select
    a.siren,
    a.period,
    i.item,
    cast(case i.item when 'gross' then a.low else a.net_low end as decimal(18, 2)) as low,
    cast(case i.item when 'gross' then a.mid else a.net_mid end as decimal(18, 2)) as mid,
    cast(case i.item when 'gross' then a.high else a.net_high end as decimal(18, 2)) as high,
    case when a.mid is null then 'not_concerned' else 'observed' end as status
from amounts as a
cross join (values ('gross'), ('net')) as i (item)
