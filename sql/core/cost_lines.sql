-- id: core.cost_lines
-- title: Postes de coût par année et strate / Cost items by year and stratum
-- unit: eur
-- grain: period, stratum_code, process, side, item
-- The cost of an item is quantity × price ÷ per_count. In force: on 31 December of the year. The
-- value of the stratum goes before that of all, then the latest one. Without a price there is no
-- cost, and without a quantity it is once the price.
with days as (
    select
        cast(y.year as varchar) as period,
        make_date(y.year, 12, 31) as day
    from (select unnest(generate_series(2000, 2099)) as year) as y
    cross join staging.release as r
    where y.year <= date_part('year', r.run_date)
),

strata as (
    select stratum_code
    from (values ('all'), ('<500'), ('500-1999'), ('2000-9999'), ('>=10000')) as s (stratum_code)
),

candidates as (
    select
        d.period,
        s.stratum_code,
        p.process,
        p.side,
        p.item,
        p.factor,
        p.parameter,
        p.low,
        p.mid,
        p.high,
        p.per_count,
        row_number() over (
            partition by d.period, s.stratum_code, p.process, p.side, p.item, p.factor
            order by p.stratum_code = 'all', p.start_date desc, p.parameter
        ) as place
    from days as d
    inner join staging.cost_parameters as p on p.start_date <= d.day and (p.end_date is null or p.end_date >= d.day)
    inner join strata as s on p.stratum_code in ('all', s.stratum_code)
),

lines as (
    select
        period,
        stratum_code,
        process,
        side,
        item,
        max(case when factor = 'quantity' then parameter end) as quantity_parameter,
        max(case when factor = 'quantity' then low end) as quantity_low,
        max(case when factor = 'quantity' then mid end) as quantity_mid,
        max(case when factor = 'quantity' then high end) as quantity_high,
        max(case when factor = 'price' then parameter end) as price_parameter,
        max(case when factor = 'price' then low end) as price_low,
        max(case when factor = 'price' then mid end) as price_mid,
        max(case when factor = 'price' then high end) as price_high,
        max(case when factor = 'price' then per_count end) as per_count
    from candidates
    where place = 1
    group by period, stratum_code, process, side, item
)

select
    *,
    cast(coalesce(quantity_low, cast(1 as decimal(10, 2))) * price_low / per_count as decimal(22, 6)) as cost_low_eur,
    cast(coalesce(quantity_mid, cast(1 as decimal(10, 2))) * price_mid / per_count as decimal(22, 6)) as cost_mid_eur,
    cast(coalesce(quantity_high, cast(1 as decimal(10, 2))) * price_high / per_count as decimal(22, 6)) as cost_high_eur
from lines
where price_mid is not null
