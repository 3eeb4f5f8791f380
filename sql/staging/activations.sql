-- id: staging.activations
-- title: Activations de services / Services activated
-- unit: row
-- grain: siren, service_code, start_date
select
    siren,
    service as service_code,
    start_date,
    end_date
from lake.activations
