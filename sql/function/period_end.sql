-- id: period_end
-- title: Dernier jour d'une période (2024, 2024-Q3 ou 2024-08) / Last day of a period (2024, 2024-Q3 or 2024-08)
-- unit: day
-- grain: scalar
-- example: period_end('2024-02') = date '2024-02-29'
create function period_end(period varchar) returns date
language sql immutable
return case
    when length($period) = 4 then try_cast($period || '-12-31' as date)
    when substr($period, 5, 2) = '-Q'
        then cast(try_cast(substr($period, 1, 5) || lpad(cast(try_cast(substr($period, 7) as bigint) * 3 as varchar), 2, '0')
            || '-01' as date) + interval '1 month' - interval '1 day' as date)
    when length($period) = 7 then cast(try_cast($period || '-01' as date) + interval '1 month' - interval '1 day' as date) end
