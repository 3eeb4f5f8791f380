-- id: safe_ratio
-- title: Rapport de deux sommes, non défini si le dénominateur est nul / Ratio of two sums, undefined for a zero denominator
-- unit: ratio
-- grain: scalar
-- example: safe_ratio(1, 4) = 0.25
create function safe_ratio(numerator bigint, denominator bigint) returns double
language sql immutable
return case when $denominator <> 0 then cast($numerator as double) / cast($denominator as double) end
