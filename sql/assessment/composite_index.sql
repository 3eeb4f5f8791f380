-- id: D05
-- title: Indice synthétique de dématérialisation / Composite index of dematerialisation
-- unit: index
-- grain: siren, period
-- version: 1, from 2007-01-01
-- definition: Moyenne pondérée, de 0 à 100, des taux A02, A04, A08, B02 et B08 de la collectivité, avec
--   son rang dans la région et ce qu'il devient quand un poids change de 20 %.
--   / Weighted mean, from 0 to 100, of the authority's rates A02, A04, A08, B02 and B08, with its rank
--   in the region and what becomes of it when a weight changes by 20 %.
-- numerator: somme des poids × taux ; B02 : part des services dont elle se sert ; B08 : part de 4 et 5
--   parmi ses réponses
--   / sum of weight × rate; B02: share of the services that it uses; B08: share of 4 and 5 among its
--   answers
-- denominator: somme des poids en vigueur (core.index_weights, égaux : 0,2 chacun)
--   / sum of the weights in force (core.index_weights, equal: 0.2 each)
-- source: A02, A04, A08, B02, B08 / A02, A04, A08, B02, B08
-- freshness: à chaque vague d'enquête, à cause de B08 / with each wave of a survey, because of B08
-- caveat: Chaque taux est normé par ses bornes naturelles, 0 et 1 : l'indice d'une collectivité ne
--   dépend pas des autres. S'il manque un taux (ou s'il dépasse 100 %), il n'y a pas d'indice. Les
--   rangs sont parmi celles qui en ont un (used_count) ; best_place et worst_place sont les extrêmes
--   quand un poids à la fois est de 20 % plus fort ou plus faible.
--   / Every rate is scaled by its natural bounds, 0 and 1: the index of an authority does not depend
--   on others. Where a rate is missing (or above 100 %) there is no index. Ranks are among those that
--   have one (used_count); best_place and worst_place are the extremes when one weight at a time is
--   20 % larger or smaller.
-- disclosure: D2
with rates as (
    select indicator_id, siren, period, numerator, denominator, value, status from peer.rates
    union all
    select 'B08', siren, period, numerator, denominator, value, status from indicator.satisfaction
),

weights as (
    select
        w.*,
        y.period,
        count(*) over (partition by y.period, w.valid_from) as component_count,
        rank() over (partition by y.period order by w.valid_from desc) as choice
    from core.index_weights as w
    inner join (select distinct period from rates) as y on w.valid_from <= period_year(y.period)
),

components as (
    select
        r.siren,
        r.period,
        r.indicator_id,
        w.weight,
        w.component_count,
        safe_ratio(sum(case when r.value >= 0 then r.numerator end), sum(case when r.value >= 0 then r.denominator end)) as share,
        bool_and(r.status = 'not_concerned') as is_unconcerned
    from rates as r
    inner join weights as w on r.period = w.period and r.indicator_id = w.indicator_id and w.choice = 1
    group by r.siren, r.period, r.indicator_id, w.weight, w.component_count
),

variants as (
    select '' as moved, 1.0 as factor
    union all
    select i.indicator_id, f.factor
    from (select distinct indicator_id from core.index_weights) as i
    cross join (values (0.8), (1.2)) as f (factor)
),

indices as (
    select
        c.siren,
        c.period,
        v.moved,
        v.factor,
        round(100 * sum(c.share * c.weight * case c.indicator_id when v.moved then v.factor else 1.0 end)
            / sum(c.weight * case c.indicator_id when v.moved then v.factor else 1.0 end), 6) as index_value
    from components as c
    cross join variants as v
    group by c.siren, c.period, v.moved, v.factor
    having count(c.share) = max(c.component_count)
),

ranked as (
    select
        *,
        cast(rank() over (partition by period, moved, factor order by index_value desc) as bigint) as place,
        count(*) over (partition by period, moved, factor) as used_count
    from indices
)

select
    c.siren,
    c.period,
    max(case when r.moved = '' then r.index_value end) as index_value,
    max(case when r.moved = '' then r.place end) as place,
    min(r.place) as best_place,
    max(r.place) as worst_place,
    max(r.used_count) as used_count,
    c.known_count,
    case when max(r.place) is not null then 'observed' when c.is_unconcerned then 'not_concerned' else 'not_reported' end as status
from (
    select siren, period, count(share) as known_count, bool_or(is_unconcerned) as is_unconcerned
    from components group by siren, period
) as c
left join ranked as r on c.siren = r.siren and c.period = r.period
group by c.siren, c.period, c.known_count, c.is_unconcerned
