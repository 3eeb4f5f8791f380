-- id: core.authority_years
-- title: Collectivités par année / Authorities by year
-- unit: row
-- grain: siren, period
-- owner: siren
-- Each authority as the edition in force on the last day of the year names it, or in force on
-- the run date for the current year. The first year is that of the first edition. Editions before
-- 2023 name communes by INSEE code only: their SIREN is that of the grouping's list of the same
-- date, or of the next edition that has one. epci_siren is known where both lists have one date.
with days as (
    select
        cast(y.year as varchar) as period,
        least(make_date(y.year, 12, 31), r.run_date) as day
    from (select unnest(generate_series(2000, 2099)) as year) as y
    cross join staging.release as r
    where y.year <= date_part('year', r.run_date)
),

in_force as (
    select
        d.period,
        d.day,
        e.family,
        max(e.edition_date) as edition_date
    from days as d
    inner join (select distinct family, edition_date from staging.authorities) as e on e.edition_date <= d.day
    group by d.period, d.day, e.family
)

select
    coalesce(a.siren, m.siren, a.later_siren) as siren,
    f.period,
    f.day as as_of_date,
    a.kind,
    a.family,
    a.code,
    a.name,
    a.department_code,
    m.epci_siren,
    a.population_count,
    population_stratum(a.population_count) as stratum_code
from in_force as f
inner join staging.authorities as a on f.family = a.family and f.edition_date = a.edition_date
left join staging.epci_members as m
    on a.kind = 'commune' and a.code = m.insee_code and a.edition_date = m.edition_date
where
    a.kind in ('commune', 'CC', 'CA', 'CU', 'METRO', 'departement', 'region')
    and coalesce(a.siren, m.siren, a.later_siren) is not null
