-- id: period_start
-- title: Premier jour d'une période (2024, 2024-Q3 ou 2024-08) / First day of a period (2024, 2024-Q3 or 2024-08)
-- unit: day
-- grain: scalar
-- example: period_start('2024-Q3') = date '2024-07-01'
create function period_start(period varchar) returns date
language sql immutable
return try_cast(
    case when length($period) = 4 then $period || '-01-01'
         when substr($period, 5, 2) = '-Q'
             then substr($period, 1, 5) || lpad(cast(try_cast(substr($period, 7) as bigint) * 3 - 2 as varchar), 2, '0') || '-01'
         when length($period) = 7 then $period || '-01' end as date)
