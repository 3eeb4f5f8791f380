-- id: core.sessions
-- title: Connexions par jour, sans les comptes / Sessions by day, without the accounts
-- unit: row
-- grain: siren, service_code, session_date
-- owner: siren
-- Which account connected is shown to nobody above staging.
select
    siren,
    service_code,
    session_date,
    count(*) as session_count
from staging.sessions
group by siren, service_code, session_date
