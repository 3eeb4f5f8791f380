-- id: C09
-- title: Retour sur investissement / Pay-back
-- unit: multiple
-- grain: period
-- version: 1, from 2007-01-01
-- definition: Économies nettes cumulées rapportées au coût cumulé du programme de l'observatoire, et
--   mois qu'il faut, au rythme moyen, pour qu'elles le couvrent.
--   / Net savings so far over what the programme of the observatory has cost so far, and the months
--   that they take, at their mean pace, to cover it.
-- numerator: économies réalisées nettes (C05) de toutes les collectivités, cumulées depuis la première
--   année du programme
--   / net realised savings (C05) of all authorities, added up from the first year of the programme
-- denominator: coût du programme (paramètres de procédure « programme »), cumulé de même
--   / cost of the programme (parameters of the process `programme`), added up likewise
-- source: C05 (indicator.realised_savings) ; paramètres de coût datés et sourcés
--   / C05 (indicator.realised_savings); cost parameters, dated and sourced
-- freshness: annuelle / yearly
-- caveat: Du programme de 2013 on ne connaît que l'assistance à maîtrise d'ouvrage (50 000 €) ; le coût
--   des deux chargés de mission n'est pas publié. unpriced_count compte les postes du programme sans
--   prix : tant qu'il n'est pas nul, le rapport est un maximum et les mois un minimum. Une année de
--   moins de 5 contributeurs, ou dont un seul fait plus de 85 %, n'est pas cumulée : voir
--   counted_year_count.
--   / Of the programme of 2013 only the assistance (50,000 €) is known; what its two officers cost is
--   not published. unpriced_count counts the items of the programme without a price: as long as it
--   is not zero the ratio is a maximum and the months a minimum. A year of fewer than 5
--   contributors, or in which one has more than 85 %, is not added: see counted_year_count.
-- disclosure: D0
with savings as (
    select
        period,
        coalesce(may_publish(sum(case when mid <> 0 then 1 else 0 end), try_cast(max(abs(mid)) as bigint),
            try_cast(sum(abs(mid)) as bigint)), false) as is_public,
        sum(low) as low,
        sum(mid) as mid,
        sum(high) as high
    from indicator.realised_savings
    where item = 'net'
    group by period
),

costs as (
    select
        period,
        sum(cost_low_eur) as low,
        sum(cost_mid_eur) as mid,
        sum(cost_high_eur) as high
    from core.cost_lines
    where process = 'programme' and stratum_code = 'all'
    group by period
),

sums as (
    select
        coalesce(s.period, c.period) as period,
        sum(case when s.is_public then s.low end) over so_far as low,
        sum(case when s.is_public then s.mid end) over so_far as mid,
        sum(case when s.is_public then s.high end) over so_far as high,
        sum(case when s.is_public then 1 else 0 end) over so_far as counted_year_count,
        count(s.mid) over so_far as year_count,
        sum(c.low) over so_far as cost_low,
        sum(c.mid) over so_far as cost_mid,
        sum(c.high) over so_far as cost_high
    from savings as s
    full outer join costs as c on s.period = c.period
    where coalesce(s.period, c.period) >= coalesce((select min(period) from costs), '')
    window so_far as (order by coalesce(s.period, c.period))
),

unpriced as (
    select count(distinct item) - count(distinct case when factor = 'price' then item end) as unpriced_count
    from staging.cost_parameters
    where process = 'programme'
)

select
    s.period,
    cast(s.low as decimal(18, 2)) as low,
    cast(s.mid as decimal(18, 2)) as mid,
    cast(s.high as decimal(18, 2)) as high,
    cast(s.cost_mid as decimal(18, 2)) as cost_eur,
    cast(s.mid as double) / cast(s.cost_mid as double) as value,
    cast(s.low as double) / cast(s.cost_high as double) as ratio_low,
    cast(s.high as double) / cast(s.cost_low as double) as ratio_high,
    case when s.mid > 0 then 12 * s.counted_year_count * cast(s.cost_mid as double) / cast(s.mid as double) end as pay_back_months,
    s.counted_year_count,
    u.unpriced_count,
    case
        when coalesce(s.cost_low, 0) = 0 or s.year_count = 0 then 'not_reported'
        when s.counted_year_count = 0 then 'suppressed'
        else 'observed'
    end as status
from sums as s
cross join unpriced as u
