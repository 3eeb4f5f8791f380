-- id: staging.places
-- title: Codes de lieux et ce qu'ils désignent / Codes of places and what they name
-- unit: row
-- grain: scheme, code
-- Codes of the official geography are those of every edition: a merged commune keeps its own, a
-- delegated commune names its département only. Postal codes are those of the latest edition. One
-- that several communes share names no commune, and their département if they have one only.
with communes as (
    select
        code,
        max(department_code) as department_code,
        max(case when kind = 'commune' then code end) as commune_code
    from lake.authorities
    where kind like '%commune'
    group by code
),

deliveries as (
    select
        unnest(string_to_array(postal_codes, ' ')) as postal_code,
        code as commune_code,
        department_code
    from lake.authorities
    where
        kind = 'commune'
        and edition_date = (
            select max(edition_date) from lake.authorities
            where kind = 'commune' and postal_codes is not null
        )
)

select
    'commune' as scheme,
    code,
    department_code,
    commune_code
from communes
union all
select distinct
    'departement' as scheme,
    code,
    code as department_code,
    cast(null as varchar) as commune_code
from lake.authorities
where kind = 'departement'
union all
select
    'postal' as scheme,
    postal_code as code,
    case when count(distinct department_code) = 1 then min(department_code) end as department_code,
    case when count(distinct commune_code) = 1 then min(commune_code) end as commune_code
from deliveries
group by postal_code
