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
    -- Editions before 2023 name communes by INSEE code only: that of the next edition which has one.
    first_value(siren) ignore nulls over (
        partition by kind, code order by edition_date rows between current row and unbounded following
    ) as later_siren,
    name,
    department_code,
    population_count,
    edition_date
from lake.authorities
