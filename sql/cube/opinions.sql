-- id: cube.opinions
-- title: Avis par strate et département / Opinions by stratum and département
-- unit: count
-- grain: indicator_id, item, period, family, stratum_code, department_code
-- Answers of one item of a wave, and the authorities of the lists that they speak for, also where
-- nobody answered. Agreement is 4 or 5, or yes; a yes has no points. Variances are those of the
-- sample, of two answers on.
-- Sums of whole numbers are exact, and so are the variances made of them: in whatever order rows come.
with answers as (
    select
        case measure when 'satisfaction' then 'B08' when 'obstacle' then 'B09' when 'driver' then 'B10' else 'B12' end
            as indicator_id,
        series as item,
        wave as period,
        siren,
        status_code,
        cast(point as double) as point,
        cast(is_agreed as double) as agreement
    from core.answers
    where measure is not null
),

asked as (
    select i.indicator_id, i.item, y.siren, y.period, y.family,
        coalesce(y.stratum_code, 'all') as stratum_code, coalesce(y.department_code, 'all') as department_code
    from (select distinct indicator_id, item, period from answers) as i
    inner join core.authority_years as y on i.period = y.period
),

agreed as (
    select
        q.*,
        a.point,
        a.agreement,
        a.status_code
    from asked as q
    left join answers as a
        on q.indicator_id = a.indicator_id and q.item = a.item and q.period = a.period and q.siren = a.siren
)

select
    indicator_id,
    item,
    period,
    family,
    stratum_code,
    department_code,
    count(*) as authority_count,
    count(agreement) as answer_count,
    sum(case when status_code = 'unknown' then 1 else 0 end) as unknown_count,
    sum(case when status_code in ('not_concerned', 'not_asked') then 1 else 0 end) as not_concerned_count,
    sum(case when status_code = 'not_answered' then 1 else 0 end) as not_answered_count,
    avg(agreement) as share,
    case when count(agreement) > 1 then (sum(agreement * agreement) - sum(agreement) * sum(agreement) / count(agreement)) / (count(agreement) - 1) end as share_variance,
    avg(point) as mean_point,
    case when count(point) > 1 then (sum(point * point) - sum(point) * sum(point) / count(point)) / (count(point) - 1) end as point_variance
from agreed
group by indicator_id, item, period, family, stratum_code, department_code
