-- id: C10
-- title: Sensibilité de la projection / Sensitivity of the projection
-- unit: eur
-- grain: section, item
-- version: 1, from 2007-01-01
-- definition: Ce que devient la projection régionale sur 5 ans (C06) quand un paramètre de coût change
--   de 10 ou 20 %, ou va à ses bornes (tornade), et quand tous sont tirés au sort (Monte-Carlo).
--   / What becomes of the region's five-year projection (C06) when one cost parameter changes by 10 or
--   20 %, or goes to its bounds (tornado), and when all are drawn at random (Monte-Carlo).
-- numerator: C06 avec ces paramètres ; low, mid et high : au plus bas, au centre et au plus haut ;
--   « interval_80 » et « interval_90 » : déciles ou vingtièmes extrêmes, et médiane, des tirages
--   / C06 with these parameters; low, mid and high: at the lowest, the middle and the highest;
--   `interval_80` and `interval_90`: outer deciles or twentieths, and median, of the draws
-- denominator: sans : un montant / none: an amount
-- source: scenario(…) sur la dernière année complète qui a des volumes et des coûts
--   / scenario(…) of the last whole year that has volumes and costs
-- freshness: annuelle / yearly
-- caveat: Les paramètres sont supposés indépendants ; un même paramètre bouge partout à la fois.
--   10 000 tirages, graine 2013 : toujours le même intervalle. Les lignes « scenario » disent l'année
--   et les tirages. Une autre année, un autre périmètre ou une autre graine : scenario(…) ou `carnac
--   scenario`. Vide si aucune année n'a de volumes et de coûts.
--   / Parameters are taken to be independent; one parameter moves wherever it is at once. 10,000
--   draws, seed 2013: always the same interval. The rows `scenario` tell the year and the draws.
--   Another year, perimeter or seed: scenario(…) or `carnac scenario`. Empty if no year has volumes
--   and costs.
-- disclosure: D2
select
    section,
    item,
    title,
    year,
    low,
    mid,
    high
from scenario('title = "Sensibilité de la projection sur 5 ans au taux actuel (C06)"')
where
    section in ('scenario', 'tornado_10', 'tornado_20', 'tornado_bounds')
    or section in ('interval_80', 'interval_90') and item = 'at_present_rate'
