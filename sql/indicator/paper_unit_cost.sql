-- id: C02
-- title: Coût unitaire papier / Unit cost on paper
-- unit: eur_per_unit
-- grain: siren, period, item
-- version: 1, from 2007-01-01
-- definition: Ce que coûte une unité (acte, consultation, pli, flux) traitée sur papier.
--   / What one unit (act, tender, bid, flow) costs when it is handled on paper.
-- numerator: somme des postes du côté papier, quantité × prix
--   / sum of the items of the paper side, quantity × price
-- denominator: une unité / one unit
-- source: paramètres de coût ; volumes de la plateforme, pour les procédures utilisées
--   / cost parameters; volumes of the platform, for the processes in use
-- freshness: à chaque nouveau paramètre / with every new parameter
-- caveat: La modalité est la procédure. Bas, moyen et haut sont ceux du panel, de 5 ou 10
--   collectivités : un intervalle, pas un point. Coûts de la strate en vigueur au 31 décembre, sinon
--   ceux de toutes.
--   / The item is the process. Low, mid and high are those of the panel, of 5 or 10 authorities: an
--   interval, not a point. Costs of the stratum in force on 31 December, else those of all.
-- disclosure: D2
select
    v.siren,
    v.period,
    v.process as item,
    c.low,
    c.mid,
    c.high,
    case when c.mid is null then 'not_reported' else 'observed' end as status
from cube.volumes as v
left join cube.unit_costs as c
    on v.period = c.period and v.stratum_code = c.stratum_code and v.process = c.process and c.side = 'paper'
