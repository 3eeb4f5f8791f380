-- id: cube.use_years
-- title: Premier et dernier jour d'usage de chaque service, par année
--   / First and last day on which each service was used, by year
-- unit: row
-- grain: siren, service_code, year
-- owner: siren
-- The uses of cube.uses: who asks whether there was one needs not every day.
select siren, 'actes' as service_code, cast(date_part('year', decision_date) as bigint) as year,
    min(decision_date) as first_day, max(decision_date) as last_day
from core.acts where is_transmitted group by siren, date_part('year', decision_date)
union all
select siren, 'sdm', cast(date_part('year', published_date) as bigint), min(published_date), max(published_date)
from core.consultations group by siren, date_part('year', published_date)
union all
select siren, 'pes', cast(date_part('year', flow_date) as bigint), min(flow_date), max(flow_date)
from core.flows group by siren, date_part('year', flow_date)
union all
select siren, service_code, cast(date_part('year', session_date) as bigint), min(session_date), max(session_date)
from core.sessions where service_code not in ('actes', 'sdm', 'pes')
group by siren, service_code, date_part('year', session_date)
