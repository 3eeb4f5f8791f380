-- id: published.savings
-- title: Économies régionales / Regional savings
-- unit: eur
-- grain: indicator_id, item, period
-- version: 1, from 2007-01-01
-- definition: Économies régionales, avec leurs bornes et leur couverture.
--   / Regional savings, with their bounds and their coverage.
-- numerator: somme sur les collectivités observées ; bas, moyen et haut sont sommés à part
--   / sum over the authorities observed; low, mid and high are summed apart
-- denominator: sans : un montant / none: an amount
-- source: les indicateurs nommés par indicator_id / the indicators that indicator_id names
-- freshness: celle de chaque indicateur / that of each indicator
-- caveat: Masqué sous 5 contributeurs, ou si un seul dépasse 85 % de la somme (des valeurs
--   absolues). Les bornes sont celles où tout joue dans le même sens.
--   / Suppressed below 5 contributors, or when one is above 85 % of the sum (of absolute values).
--   The bounds are those where everything goes the same way.
-- disclosure: D2
with figures as (
    select 'C01' as indicator_id, item, siren, period, low, mid, high, status from indicator.pooling_savings
    union all
    select 'C05' as indicator_id, item, siren, period, low, mid, high, status from indicator.realised_savings
    union all
    select 'C06' as indicator_id, 'all' as item, siren, period, low, mid, high, status from indicator.five_year_savings
    union all
    select 'C07' as indicator_id, 'all' as item, siren, period, low, mid, high, status
    from indicator.five_year_savings_at_full_rate
    union all
    select 'C08' as indicator_id, 'all' as item, siren, period, low, mid, high, status from indicator.remaining_savings
),

cells as (
    select
        indicator_id,
        item,
        period,
        sum(low) as low,
        sum(mid) as mid,
        sum(high) as high,
        try_cast(max(abs(mid)) as bigint) as largest,
        try_cast(sum(abs(mid)) as bigint) as total,
        -- Who saves nothing contributes nothing.
        sum(case when mid <> 0 then 1 else 0 end) as contributor_count,
        sum(case when status = 'observed' then 1 else 0 end) as used_count,
        sum(case when status <> 'not_concerned' then 1 else 0 end) as expected_count
    from figures
    group by indicator_id, item, period
),

judged as (
    select
        *,
        case
            when expected_count = 0 then 'not_concerned'
            when used_count = 0 then 'not_reported'
            when coalesce(may_publish(contributor_count, largest, total), false) then 'observed'
            else 'suppressed'
        end as status
    from cells
)

select
    indicator_id,
    item,
    period,
    case when status = 'observed' then cast(low as decimal(18, 2)) end as low,
    case when status = 'observed' then cast(mid as decimal(18, 2)) end as mid,
    case when status = 'observed' then cast(high as decimal(18, 2)) end as high,
    status,
    used_count,
    expected_count
from judged
