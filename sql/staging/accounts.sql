-- id: staging.accounts
-- title: Comptes d'agents, sous pseudonyme / Accounts of agents, under a pseudonym
-- unit: row
-- grain: account_key
select
    account_key,
    siren,
    created_date,
    closed_date
from lake.accounts
