-- id: period_add
-- title: Période qui vient un nombre d'années, de trimestres ou de mois plus tard, selon la période
--   / Period that comes a number of years, quarters or months later, as the period is
-- unit: period
-- grain: scalar
-- example: period_add('2024-11', 3) = '2025-02' and period_add('2024-13', 1) is null
create function period_add(period varchar, count bigint) returns varchar
language sql immutable
return case
    when length($period) = 4 then cast(try_cast($period as bigint) + $count as varchar)
    when substr($period, 5, 2) = '-Q' and substr($period, 7) in ('1', '2', '3', '4')
        then cast((try_cast(substr($period, 1, 4) as bigint) * 4 + try_cast(substr($period, 7) as bigint) - 1 + $count) / 4 as varchar)
            || '-Q' || cast((try_cast(substr($period, 1, 4) as bigint) * 4 + try_cast(substr($period, 7) as bigint) - 1 + $count) % 4 + 1 as varchar)
    when length($period) = 7 and try_cast($period || '-01' as date) is not null
        then cast((try_cast(substr($period, 1, 4) as bigint) * 12 + try_cast(substr($period, 6) as bigint) - 1 + $count) / 12 as varchar)
            || '-' || lpad(cast((try_cast(substr($period, 1, 4) as bigint) * 12 + try_cast(substr($period, 6) as bigint) - 1 + $count) % 12 + 1 as varchar), 2, '0') end
