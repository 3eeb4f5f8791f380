-- id: period_distance
-- title: Nombre d'années, de trimestres ou de mois d'une période à une autre de même sorte
--   / Number of years, quarters or months from one period to another of the same kind
-- unit: count
-- grain: scalar
-- example: period_distance('2023-Q4', '2025-Q1') = 5 and period_distance('2024-12', '2024-13') is null
create function period_distance(first varchar, last varchar) returns bigint
language sql immutable
return case
    when length($first) <> length($last) or strpos($first, 'Q') <> strpos($last, 'Q') then null
    when length($first) = 4 then try_cast($last as bigint) - try_cast($first as bigint)
    when substr($first, 5, 2) = '-Q' and substr($first, 7) in ('1', '2', '3', '4') and substr($last, 7) in ('1', '2', '3', '4')
        then (try_cast(substr($last, 1, 4) as bigint) - try_cast(substr($first, 1, 4) as bigint)) * 4
            + try_cast(substr($last, 7) as bigint) - try_cast(substr($first, 7) as bigint)
    when length($first) = 7 and try_cast($first || '-01' as date) is not null and try_cast($last || '-01' as date) is not null
        then (try_cast(substr($last, 1, 4) as bigint) - try_cast(substr($first, 1, 4) as bigint)) * 12
            + try_cast(substr($last, 6) as bigint) - try_cast(substr($first, 6) as bigint) end
