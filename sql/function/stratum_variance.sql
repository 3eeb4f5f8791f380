-- id: stratum_variance
-- title: Variance du total estimé d'une strate, population finie ; variance de l'échantillon en dernier
--   / Variance of the estimated total of a stratum, finite population; the sample's variance comes last
-- unit: square
-- grain: scalar
-- example: stratum_variance(10, 4, 2.0) = 30.0
-- N² × (1 − n / N) × s² / n.
create function stratum_variance(population bigint, respondents bigint, variance double) returns double
language sql immutable
return case when $respondents > 0 and $population >= $respondents
    then cast($population as double) * cast($population - $respondents as double) * $variance / cast($respondents as double) end
