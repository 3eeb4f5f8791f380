-- id: period_of_date
-- title: Période d'une date, par année (year), trimestre (quarter) ou mois (month)
--   / Period of a date, by year, quarter or month
-- unit: period
-- grain: scalar
-- example: period_of_date(date '2024-08-31', 'quarter') = '2024-Q3'
create function period_of_date(day date, step varchar) returns varchar
language sql immutable
return case $step when 'year' then to_char($day, '%Y')
                  when 'quarter' then to_char($day, '%Y') || '-Q' || cast(date_part('quarter', $day) as varchar)
                  when 'month' then to_char($day, '%Y-%m') end
