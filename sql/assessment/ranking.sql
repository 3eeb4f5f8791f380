-- id: D02
-- title: Rang et quantile / Rank and percentile
-- unit: rank
-- grain: indicator_id, item, siren, period
-- version: 1, from 2007-01-01
-- definition: Rang de la collectivité dans son groupe, du taux le plus haut au plus bas, et part du
--   groupe qu'elle égale ou dépasse.
--   / Rank of the authority in its group, from the highest rate down, and the share of the group
--   that it equals or exceeds.
-- numerator: rang : 1 + collectivités du groupe dont le taux est plus haut ; quantile : celles dont
--   il est plus bas, et la moitié des égales, elle-même comprise
--   / rank: 1 + authorities of the group with a higher rate; percentile: those with a lower one,
--   and half of the equal ones, itself included
-- denominator: collectivités du groupe qui ont un taux, elle-même comprise
--   / authorities of the group that have a rate, itself included
-- source: les indicateurs nommés par indicator_id ; groupes de peer.groups
--   / the indicators that indicator_id names; groups of peer.groups
-- freshness: celle de chaque indicateur / that of each indicator
-- caveat: Groupe de D01. Des taux égaux ont un même rang (1, 2, 2, 4). Sans rang quand moins de la
--   moitié du groupe a un taux, les « non concernées » n'étant pas attendues. Le rang n'est montré
--   qu'à la collectivité elle-même.
--   / Group of D01. Equal rates share a rank (1, 2, 2, 4). No rank when less than half of the
--   group has a rate, those not concerned not being expected. A rank is shown to the authority
--   alone.
-- disclosure: D2
with compared as (
    select
        r.indicator_id,
        r.item,
        r.siren,
        r.period,
        r.value,
        r.status,
        g.group_level,
        g.group_code,
        g.place as level_place,
        count(r.value) over peers as used_count,
        sum(case when r.status <> 'not_concerned' then 1 else 0 end) over peers as expected_count,
        percentile_rank(r.value) over peers as percentile,
        rank() over (
            partition by r.indicator_id, r.item, r.period, g.group_level, g.group_code
            order by r.value desc nulls last
        ) as place
    from peer.rates as r
    inner join peer.groups as g on r.siren = g.siren and r.period = g.period
    window peers as (partition by r.indicator_id, r.item, r.period, g.group_level, g.group_code)
),

counted as (
    select *, used_count - case when value is null then 0 else 1 end as peer_count from compared
),

chosen as (
    select
        *,
        peer_count >= 5 as is_shown,
        peer_count >= 5 and value is not null and 2 * used_count >= expected_count as is_ranked,
        row_number() over (partition by indicator_id, item, siren, period order by peer_count < 5, level_place) as choice
    from counted
)

select
    indicator_id,
    item,
    siren,
    period,
    value,
    case when is_ranked then cast(place as bigint) end as place,
    case when is_ranked then percentile end as percentile,
    case when is_shown then group_level end as group_level,
    case when is_shown then group_code end as group_code,
    case when is_shown then used_count end as used_count,
    case when is_shown then expected_count end as expected_count,
    case when is_shown then safe_ratio(used_count, expected_count) end as coverage,
    status
from chosen
where choice = 1
