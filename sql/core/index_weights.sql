-- id: core.index_weights
-- title: Poids de l'indice synthétique D05 / Weights of the composite index D05
-- unit: ratio
-- grain: valid_from, indicator_id
-- Equal, as nobody has published others. A new set is new rows of a later year: a past year keeps
-- its own. Only what has a weight is a component.
select
    valid_from,
    indicator_id,
    weight
from (
    values
    (2007, 'A02', 0.2),
    (2007, 'A04', 0.2),
    (2007, 'A08', 0.2),
    (2007, 'B02', 0.2),
    (2007, 'B08', 0.2)
) as t (valid_from, indicator_id, weight)
