-- id: staging.release
-- title: Version publiée en cours de lecture / The release being read
-- unit: row
-- grain: release_id
select
    release_id,
    published_at,
    run_date
from lake.release
