-- id: D04
-- title: Écart à la cible et date d'atteinte / Gap to target and year of reaching it
-- unit: points
-- grain: indicator_id, item, siren, period, target_year
-- version: 1, from 2007-01-01
-- definition: Écart du taux à la cible de la collectivité, et année où il l'atteindra, puis 100 %, s'il
--   suit sa tendance.
--   / Gap between the rate and the authority's target, and the year in which it will reach it, and
--   100 %, on its present trend.
-- numerator: taux moins cible, en points ; ce qui manque à la cible, ou à 100 %
--   / rate less target, in points; what is missing to the target, or to 100 %
-- denominator: pente de Theil-Sen des cinq dernières années (D03)
--   / Theil-Sen slope of the last five years (D03)
-- source: les indicateurs nommés par indicator_id ; cibles livrées (targets)
--   / the indicators that indicator_id names; targets delivered (targets)
-- freshness: celle de chaque indicateur / that of each indicator
-- caveat: Projection linéaire, jamais au-delà de 100 % ni de 2100. « not_reached » (non atteint) :
--   la pente est nulle, négative ou inconnue. La cible propre à la collectivité passe avant celle de
--   toutes ; une cible passée n'est plus montrée.
--   / Linear projection, never beyond 100 % nor 2100. `not_reached`: the slope is zero, negative or
--   unknown. The authority's own target goes before that of all; a target that is past is no
--   longer shown.
-- disclosure: D2
with rates as (
    select
        indicator_id,
        item,
        siren,
        period,
        period_year(period) as year,
        value,
        status,
        theil_sen_slope(cast(period_year(period) as double), value) over (
            partition by indicator_id, item, siren order by period_year(period) range between 4 preceding and current row
        ) as slope
    from peer.rates
),

aimed as (
    select
        r.*,
        t.target_year,
        t.target_value,
        row_number() over (
            partition by r.indicator_id, r.item, r.siren, r.period, t.target_year order by t.siren nulls last
        ) as choice
    from rates as r
    left join staging.targets as t
        on r.indicator_id = t.indicator_id and r.item = t.item and coalesce(t.siren, r.siren) = r.siren
            and t.target_year >= r.year
),

projected as (
    select
        *,
        years_to_reach(value, target_value, slope) + year as target_reached_year,
        years_to_reach(value, 1.0, slope) + year as full_reached_year
    from aimed
    where choice = 1
)

select
    indicator_id,
    item,
    siren,
    period,
    target_year,
    value,
    target_value,
    (value - target_value) * 100 as gap_points,
    slope * 100 as slope_points,
    case
        when slope is not null and target_year is not null
            then greatest(0.0, least(1.0, value + slope * cast(target_year - year as double)))
    end as projected_value,
    case when target_reached_year <= 2100 then target_reached_year end as target_reached_year,
    case when full_reached_year <= 2100 then full_reached_year end as full_reached_year,
    case
        when value is null or target_value is null then null
        when value >= target_value then 'reached'
        when coalesce(target_reached_year <= target_year, false) then 'on_time'
        when coalesce(target_reached_year <= 2100, false) then 'late'
        else 'not_reached'
    end as outcome,
    status
from projected
