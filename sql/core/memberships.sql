-- id: core.memberships
-- title: Adhésions / Memberships
-- unit: row
-- grain: siren, start_date
-- owner: siren
select
    siren,
    start_date,
    end_date
from staging.memberships
