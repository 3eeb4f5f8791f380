-- id: core.authorities
-- title: Collectivités et leurs dates de validité / Authorities with their dates of validity
-- unit: row
-- grain: kind, code, valid_from
-- owner: siren
-- An edition holds until the next one of its family. Editions before 2023 name communes by
-- INSEE code only: their SIREN is that of the grouping's list of the same date, or of the next
-- edition that has one.
with editions as (
    select
        family,
        edition_date,
        lead(edition_date) over (partition by family order by edition_date) as next_date
    from (select distinct family, edition_date from staging.authorities) as dated
)

select
    coalesce(a.siren, m.siren, a.later_siren) as siren,
    a.kind,
    a.family,
    a.code,
    a.name,
    a.department_code,
    m.epci_siren,
    a.population_count,
    population_stratum(a.population_count) as stratum_code,
    a.edition_date as valid_from,
    e.next_date as valid_to
from staging.authorities as a
inner join editions as e on a.family = e.family and a.edition_date = e.edition_date
left join staging.epci_members as m
    on a.kind = 'commune' and a.code = m.insee_code and a.edition_date = m.edition_date
where a.kind in ('commune', 'CC', 'CA', 'CU', 'METRO', 'departement', 'region')
