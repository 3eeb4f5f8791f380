-- id: period_year
-- title: Année d'une période / Year of a period
-- unit: year
-- grain: scalar
-- example: period_year('2024-Q3') = 2024
create function period_year(period varchar) returns bigint
language sql immutable
return try_cast(substr($period, 1, 4) as bigint)
