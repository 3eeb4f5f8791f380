-- id: D01
-- title: Position par rapport au panel / Panel benchmark
-- unit: ratio
-- grain: indicator_id, item, siren, period
-- version: 1, from 2007-01-01
-- definition: Taux de la collectivité à côté de la médiane et des quartiles des collectivités
--   comparables, elle-même exclue.
--   / Rate of the authority beside the median and the quartiles of comparable authorities, itself
--   left out.
-- numerator: taux de la collectivité pour l'indicateur nommé
--   / rate of the authority for the indicator named
-- denominator: taux des autres collectivités du groupe qui en ont un, anomalies exclues
--   / rates of the other authorities of the group that have one, anomalies left out
-- source: les indicateurs nommés par indicator_id ; groupes de peer.groups
--   / the indicators that indicator_id names; groups of peer.groups
-- freshness: celle de chaque indicateur / that of each indicator
-- caveat: Le groupe est le même type et la même strate ; sous 5 autres collectivités il s'élargit au
--   type, puis à la région : group_level dit lequel sert. Sous 5 dans la région, rien n'est
--   montré. Quartiles interpolés (type 7) ; chaque collectivité compte pour une.
--   / The group is the same kind and stratum; below 5 other authorities it widens to the kind,
--   then to the region: group_level says which one serves. Below 5 in the region nothing is shown.
--   Quartiles are interpolated (type 7); every authority counts for one.
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
        g.place,
        count(r.value) over peers - case when r.value is null then 0 else 1 end as peer_count,
        others_quantile(r.value, 0.25) over peers as q1,
        others_quantile(r.value, 0.5) over peers as median,
        others_quantile(r.value, 0.75) over peers as q3
    from peer.rates as r
    inner join peer.groups as g on r.siren = g.siren and r.period = g.period
    window peers as (partition by r.indicator_id, r.item, r.period, g.group_level, g.group_code)
),

chosen as (
    select
        *,
        peer_count >= 5 as is_shown,
        row_number() over (partition by indicator_id, item, siren, period order by peer_count < 5, place) as choice
    from compared
)

select
    indicator_id,
    item,
    siren,
    period,
    value,
    case when is_shown then q1 end as q1,
    case when is_shown then median end as median,
    case when is_shown then q3 end as q3,
    case when is_shown then (value - median) * 100 end as gap_points,
    case when is_shown then group_level end as group_level,
    case when is_shown then group_code end as group_code,
    case when is_shown then peer_count end as peer_count,
    status
from chosen
where choice = 1
