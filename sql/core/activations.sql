-- id: core.activations
-- title: Première activation de chaque service / First activation of each service
-- unit: row
-- grain: siren, service_code
-- owner: siren
select
    siren,
    service_code,
    min(start_date) as start_date
from staging.activations
group by siren, service_code
