-- id: C04
-- title: Économie unitaire / Unit saving
-- unit: eur_per_unit
-- grain: siren, period, item
-- version: 1, from 2007-01-01
-- definition: Ce qu'une unité (acte, consultation, pli, flux) coûte de moins par voie électronique
--   que sur papier.
--   / What one unit (act, tender, bid, flow) costs less electronically than on paper.
-- numerator: coût d'une unité sur papier, somme de ses postes
--   / cost of one unit on paper, the sum of its items
-- denominator: moins le coût de la même unité par voie électronique
--   / less the cost of the same unit electronically
-- source: paramètres de coût ; volumes de la plateforme, pour les procédures utilisées
--   / cost parameters; volumes of the platform, for the processes in use
-- freshness: à chaque nouveau paramètre / with every new parameter
-- caveat: La modalité est la procédure. Les coûts sont ceux de la strate en vigueur au 31
--   décembre, sinon ceux de toutes. Peut être négative. Les bornes prennent ce qui est économisé au
--   plus bas et ce que cela coûte au plus haut, et l'inverse.
--   / The item is the process. Costs are those of the stratum in force on 31 December, else those
--   of all. It may be negative. The bounds take what is saved at its least and what that costs at
--   its most, and the reverse.
-- disclosure: D2
-- rows: amount cube.volumes if status = 'observed'
select
    v.siren,
    v.period,
    v.process as item,
    cast(u.low_eur as decimal(18, 2)) as low,
    cast(u.mid_eur as decimal(18, 2)) as mid,
    cast(u.high_eur as decimal(18, 2)) as high,
    case when u.mid_eur is null then 'not_reported' else 'observed' end as status
from cube.volumes as v
left join cube.unit_savings as u
    on v.period = u.period and v.stratum_code = u.stratum_code and v.process = u.process
