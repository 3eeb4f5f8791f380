-- id: population_stratum
-- title: Strate de population / Population stratum
-- unit: code
-- grain: scalar
-- example: population_stratum(499) = '<500'
create function population_stratum(population bigint) returns varchar
language sql immutable
return case when $population < 500 then '<500'
            when $population < 2000 then '500-1999'
            when $population < 10000 then '2000-9999'
            when $population >= 10000 then '>=10000' end
