-- id: peer.groups
-- title: Groupes de comparaison des collectivités / Groups in which authorities are compared
-- unit: row
-- grain: siren, period, group_level
-- From the narrowest on: same kind and stratum of population, same kind, the whole region. The
-- first that has enough members is the one that counts.
select
    y.siren,
    y.period,
    l.group_level,
    l.place,
    case l.group_level
        when 'stratum' then y.kind || ' ' || y.stratum_code
        when 'kind' then y.kind
        else l.group_level
    end as group_code
from core.authority_years as y
cross join (values ('stratum', 1), ('kind', 2), ('region', 3)) as l (group_level, place)
where l.group_level <> 'stratum' or y.stratum_code is not null
