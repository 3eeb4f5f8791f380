-- id: staging.memberships
-- title: Adhésions / Memberships
-- unit: row
-- grain: siren, start_date
select
    siren,
    start_date,
    end_date
from lake.memberships
