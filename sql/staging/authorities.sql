-- id: staging.authorities
-- title: Collectivités par édition des listes officielles / Authorities by edition of the official lists
-- unit: row
-- grain: kind, code, edition_date
select
    kind,
    case
        when kind in ('CC', 'CA', 'CU', 'METRO') then 'epci'
        when kind like '%commune' then 'commune'
        else kind
    end as family,
    code,
    siren,
    name,
    department_code,
    population_count,
    edition_date
from lake.authorities
