-- id: B12
-- title: Équipement / Enablers
-- unit: ratio
-- grain: siren, period, item
-- version: 1, from 2007-01-01
-- definition: Part des collectivités équipées (certificat électronique, agent référent, signature
--   électronique, parapheur électronique), pour chaque équipement.
--   / Share of the authorities that have each enabler: an electronic certificate, a named member of
--   staff, an electronic signature, an electronic signature book.
-- numerator: 1 si la réponse est oui / 1 if the answer is yes
-- denominator: 1 si la collectivité a répondu oui ou non ; « ne sait pas » et « sans objet » sont hors
--   des deux sommes
--   / 1 if the authority answered yes or no; "does not know" and "not concerned" are in neither sum
-- source: enquêtes auprès des collectivités / surveys of the authorities
-- freshness: à chaque vague d'enquête / with each wave of a survey
-- caveat: Déclaratif. La période est la vague, la modalité « enquête:question@version » : un libellé
--   changé ouvre une autre série. Proche des « key enablers » du baromètre européen, sans en être.
--   Effectifs faibles : lire l'intervalle de published.opinions, et published.survey_estimates.
--   / Declared. The period is the wave, the item `survey:question@version`: another wording is
--   another series. Close to the key enablers of the eGovernment Benchmark, but not these. Small
--   numbers: read the interval in published.opinions, and published.survey_estimates.
-- disclosure: D2
-- rows: denominator core.answers of measure = 'enabler' if is_agreed is not null;
--   numerator core.answers of measure = 'enabler' if is_agreed
select
    siren,
    wave as period,
    series as item,
    cast(is_agreed as bigint) as numerator,
    cast(case when is_agreed is not null then 1 end as bigint) as denominator,
    cast(is_agreed as double) as value,
    status
from core.answers
where measure = 'enabler'
