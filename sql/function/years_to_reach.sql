-- id: years_to_reach
-- title: Années entières pour passer d'une valeur à une cible au rythme d'une pente annuelle
--   / Whole years from a value to a target at the pace of a yearly slope
-- unit: year
-- grain: scalar
-- example: years_to_reach(0.6, 0.8, 0.1) = 2
create function years_to_reach(value double, target double, slope double) returns bigint
language sql immutable
return case when $value >= $target then 0
            when $slope > 0.000001 then cast(ceil(round(($target - $value) / $slope, 6)) as bigint) end
