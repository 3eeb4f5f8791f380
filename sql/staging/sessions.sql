-- id: staging.sessions
-- title: Connexions des comptes / Sessions of accounts
-- unit: row
-- grain: session_id
select
    session_id,
    account_key,
    siren,
    service as service_code,
    session_date,
    period
from lake.sessions
