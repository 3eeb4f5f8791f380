-- id: B09
-- title: Freins / Obstacles
-- unit: ratio
-- grain: siren, period, item
-- version: 1, from 2007-01-01
-- definition: Part des collectivités que la difficulté freine plutôt ou tout à fait, pour chaque
--   item.
--   / Share of the authorities that the difficulty holds back rather or very much, for each item.
-- numerator: 1 si la réponse est « plutôt » (4) ou « tout à fait » (5)
--   / 1 if the answer is "rather" (4) or "very much" (5)
-- denominator: 1 si la collectivité a donné une réponse de 1 à 5 ; « ne sait pas » et « sans objet
--   » sont hors des deux sommes
--   / 1 if the authority gave an answer from 1 to 5; "does not know" and "not concerned" are in
--   neither sum
-- source: enquêtes auprès des collectivités / surveys of the authorities
-- freshness: à chaque vague d'enquête / with each wave of a survey
-- caveat: La période est la vague, la modalité « enquête:item@version » : un libellé changé ouvre
--   une autre série. Les parts des items ne s'additionnent pas. Effectifs faibles : lire
--   l'intervalle de published.opinions.
--   / The period is the wave, the item `survey:item@version`: another wording is another series.
--   The shares of the items do not add up. Small numbers: read the interval in published.opinions.
-- disclosure: D2
-- rows: denominator core.answers of measure = 'obstacle' if is_agreed is not null;
--   numerator core.answers of measure = 'obstacle' if is_agreed
select
    siren,
    wave as period,
    series as item,
    cast(is_agreed as bigint) as numerator,
    cast(case when is_agreed is not null then 1 end as bigint) as denominator,
    cast(is_agreed as double) as value,
    status
from core.answers
where measure = 'obstacle'
