-- id: wilson_bound
-- title: Borne de l'intervalle de Wilson d'une part, pour un effectif et z écarts-types (négatif : borne basse)
--   / Bound of the Wilson interval of a share, for a number of answers and z deviations (negative: the lower one)
-- unit: ratio
-- grain: scalar
-- example: round(wilson_bound(0.7, 10.0, 1.959963984540054), 4) = 0.8922
create function wilson_bound(share double, answers double, z double) returns double
language sql immutable
return case when $answers > 0
    then ($share + $z * $z / (2 * $answers)
        + $z * sqrt($share * (1 - $share) / $answers + $z * $z / (4 * $answers * $answers))) / (1 + $z * $z / $answers) end
