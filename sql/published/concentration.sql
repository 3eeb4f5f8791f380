-- id: D07
-- title: Concentration et dispersion de la télétransmission / Concentration and dispersion of transmission
-- unit: ratio
-- grain: period
-- version: 1, from 2007-01-01
-- definition: Indice de Gini et rapport interdécile (P90/P10) du taux d'actes télétransmis (A08) entre
--   collectivités, et part des actes télétransmis des dix qui en ont le plus.
--   / Gini index and interdecile ratio (P90/P10) of the share of acts transmitted (A08) over the
--   authorities, and share of the acts transmitted of the ten that have most.
-- numerator: somme des i × taux, du plus bas au plus haut ; actes des dix premières
--   / sum of i × rate, from the lowest up; acts of the first ten
-- denominator: n × somme des taux ; tous les actes télétransmis / n × sum of rates; all acts transmitted
-- source: A08 (indicator.act_transmission_rate) ; actes / A08 (indicator.act_transmission_rate); acts
-- freshness: celle de A08 / that of A08
-- caveat: Gini : 0 si tous les taux sont égaux, près de 1 si une seule transmet. Chaque collectivité
--   compte pour une, anomalies exclues ; moins de 5 taux : masqué. Sans rapport si P10 est nul.
--   / Gini: 0 if all rates are equal, near 1 if one alone transmits. Every authority counts for one,
--   anomalies left out; fewer than 5 rates: suppressed. No ratio if P10 is zero.
-- disclosure: D0
with rates as (
    select
        period,
        value,
        row_number() over (partition by period order by value, siren) as place
    from indicator.act_transmission_rate
    where value <= 1
),

spread as (
    select
        period,
        count(*) as rate_count,
        2 * sum(cast(place as double) * value) / nullif(count(*) * sum(value), 0) - (count(*) + 1.0) / count(*) as gini,
        percentile_cont(0.9) within group (order by value)
            / nullif(percentile_cont(0.1) within group (order by value), 0) as p90_to_p10
    from rates
    group by period
),

volumes as (
    select
        period,
        siren,
        sum(transmitted_count) as act_count,
        row_number() over (partition by period order by sum(transmitted_count) desc, siren) as place
    from cube.acts
    group by period, siren
),

top as (
    select
        period,
        safe_ratio(sum(case when place <= 10 then act_count else 0 end), sum(act_count)) as top10_share
    from volumes
    group by period
)

select
    t.period,
    case when s.rate_count >= 5 then s.gini end as gini,
    case when s.rate_count >= 5 then s.p90_to_p10 end as p90_to_p10,
    coalesce(s.rate_count, 0) as rate_count,
    t.top10_share,
    case when s.rate_count >= 5 then 'observed' when s.rate_count > 0 then 'suppressed' else 'not_reported' end as status
from top as t
left join spread as s on t.period = s.period
