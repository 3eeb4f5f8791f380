-- id: core.profile_thresholds
-- title: Seuils de la typologie A14 / Thresholds of the typology A14
-- unit: ratio
-- grain: valid_from
-- A new pair of thresholds is a new row: a past year keeps its own.
select
    valid_from,
    high_share,
    low_share
from (values (2007, 0.7, 0.2)) as t (valid_from, high_share, low_share)
