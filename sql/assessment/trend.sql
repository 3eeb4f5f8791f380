-- id: D03
-- title: Tendance / Trend
-- unit: points_per_year
-- grain: indicator_id, item, siren, period
-- version: 1, from 2007-01-01
-- definition: De combien de points par an le taux de la collectivité change : sur un an, sur cinq ans
--   (pente de Theil-Sen), et sur les huit derniers trimestres.
--   / By how many points a year the rate of the authority changes: over one year, over five years
--   (Theil-Sen slope), and over the last eight quarters.
-- numerator: différence des taux, en points / difference of the rates, in points
-- denominator: années entre eux / years between them
-- source: les indicateurs nommés par indicator_id ; peer.quarters pour les trimestres
--   / the indicators that indicator_id names; peer.quarters for the quarters
-- freshness: celle de chaque indicateur / that of each indicator
-- caveat: La pente est la médiane des pentes entre les années qui ont un taux, parmi les cinq
--   dernières. Chaque trimestre est comparé au même trimestre de l'année d'avant, et la médiane des
--   quatre différences retenue ; seuls A03, A06 et A13 ont des trimestres. Une fusion ouvre une
--   autre série (autre SIREN) ; une année d'élection se lit avec prudence ; une année en cours est
--   dite incomplète.
--   / The slope is the median of the slopes between the years that have a rate, among the last
--   five. Each quarter is compared with the same one of the year before, and the median of the
--   four differences is kept; only A03, A06 and A13 have quarters. A merger opens another series
--   (another SIREN); a year of elections is to be read with care; the current year is said to be
--   incomplete.
-- disclosure: D2
with years as (
    select
        indicator_id,
        item,
        siren,
        period,
        period_year(period) as year,
        value,
        status,
        max(value) over (
            partition by indicator_id, item, siren order by period_year(period)
            range between 1 preceding and 1 preceding
        ) as previous_value,
        theil_sen_slope(cast(period_year(period) as double), value) over last_five as slope,
        count(value) over last_five as year_count
    from peer.rates
    window last_five as (
        partition by indicator_id, item, siren order by period_year(period) range between 4 preceding and current row
    )
),

quarters as (
    select
        q.indicator_id,
        q.siren,
        substr(q.period, 1, 4) as period,
        median(q.value - p.value) as slope,
        count(*) as pair_count
    from peer.quarters as q
    inner join peer.quarters as p
        on q.indicator_id = p.indicator_id and q.siren = p.siren and period_add(q.period, -4) = p.period
    group by q.indicator_id, q.siren, substr(q.period, 1, 4)
)

select
    y.indicator_id,
    y.item,
    y.siren,
    y.period,
    y.value,
    y.previous_value,
    (y.value - y.previous_value) * 100 as change_points,
    y.slope * 100 as slope_points,
    y.year_count,
    q.slope * 100 as quarter_slope_points,
    coalesce(q.pair_count, 0) as quarter_pair_count,
    period_end(y.period) <= r.run_date as is_complete,
    y.status
from years as y
cross join staging.release as r
left join quarters as q on y.indicator_id = q.indicator_id and y.siren = q.siren and y.period = q.period and y.item = 'all'
