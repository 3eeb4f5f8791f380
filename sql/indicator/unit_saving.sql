-- id: C04
-- title: Économie unitaire / Unit saving
-- unit: eur
-- grain: siren, period, item
-- version: 1, from 2007-01-01
-- definition: Ce qu'une unité (acte, consultation, offre, flux) coûte de moins par voie
--   électronique que sur papier.
--   / What one unit (act, consultation, bid, flow) costs less electronically than on paper.
-- numerator: coût d'une unité sur papier, somme de ses postes
--   / cost of one unit on paper, sum of its items
-- denominator: moins le coût de la même unité par voie électronique
--   / less the cost of the same unit electronically
-- source: paramètres de coût datés et sourcés / dated and sourced cost parameters
-- freshness: à chaque révision des paramètres / with each revision of the parameters
-- caveat: La modalité est le processus. Coûts de la strate en vigueur le 31 décembre, sinon ceux de
--   toutes les strates ; sans paramètre en vigueur, pas de montant. Elle peut être négative.
--   / The item is the process. The costs are those of the stratum in force on 31 December, else
--   those of all; without a cost parameter in force there is no figure. It may be negative.
-- disclosure: D2
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
