-- id: B05
-- title: Cohortes d'adoption / Adoption cohorts
-- unit: ratio
-- grain: siren, period, item
-- version: 1, from 2007-01-01
-- definition: Parmi les collectivités qui ont activé un service un trimestre donné, part de celles
--   qui s'en sont déjà servies k trimestres plus tard (adopted) ou s'en servent ce trimestre-là
--   (active).
--   / Of the authorities that had a service activated in a quarter, the share that had used it k
--   quarters later (adopted), or that uses it in that quarter (active).
-- numerator: 1 si le service a servi au moins une fois de l'activation à la fin du k-ième trimestre
--   (adopted), ou pendant le k-ième trimestre (active)
--   / 1 if the service was used at least once from the activation to the end of the k-th quarter
--   (adopted), or in the k-th quarter (active)
-- denominator: 1 pour chaque collectivité de la cohorte observée jusqu'à la fin du k-ième trimestre
--   / 1 for every authority of the cohort that is observed until the end of the k-th quarter
-- source: activations ; plateforme (consultations, actes, flux, connexions)
--   / activations; platform (tenders, acts, flows, sessions)
-- freshness: quotidienne / daily
-- caveat: La période est le trimestre d'activation, la modalité « service:mesure:k » avec k = 0, 1,
--   2, 4, 8. Un trimestre non terminé n'a pas de ligne (censure à droite), ni une collectivité
--   disparue par fusion.
--   / The period is the quarter of activation, the item `service:measure:k` with k = 0, 1, 2, 4, 8.
--   A quarter that has not ended has no row (right-censored), nor has an authority that a merger
--   closed.
-- disclosure: D0
-- rows: denominator core.activations
with cohorts as (
    select
        a.siren,
        a.service_code,
        a.start_date,
        period_of_date(a.start_date, 'quarter') as period,
        g.gone_date
    from core.activations as a
    left join (
        select siren, case when count(*) = count(valid_to) then max(valid_to) end as gone_date
        from core.authorities
        group by siren
    ) as g on a.siren = g.siren
),

used_quarters as (
    select distinct
        c.siren,
        c.service_code,
        period_distance(c.period, period_of_date(u.day, 'quarter')) as k
    from cohorts as c
    inner join cube.uses as u on c.siren = u.siren and c.service_code = u.service_code and c.start_date <= u.day
),

cells as (
    select
        c.siren,
        c.period,
        c.service_code,
        s.k,
        max(coalesce(u.k <= s.k, false)) as is_adopted,
        max(coalesce(u.k = s.k, false)) as is_active
    from cohorts as c
    cross join (values (0), (1), (2), (4), (8)) as s (k)
    cross join staging.release as r
    left join used_quarters as u on c.siren = u.siren and c.service_code = u.service_code
    where
        period_end(period_add(c.period, s.k)) <= r.run_date
        and (c.gone_date is null or period_end(period_add(c.period, s.k)) < c.gone_date)
    group by c.siren, c.period, c.service_code, s.k
),

sums as (
    select
        c.siren,
        c.period,
        c.service_code || ':' || m.measure || ':' || cast(c.k as varchar) as item,
        cast(case when m.measure = 'adopted' then c.is_adopted else c.is_active end as bigint) as numerator,
        cast(1 as bigint) as denominator
    from cells as c
    cross join (values ('adopted'), ('active')) as m (measure)
)

select
    siren,
    period,
    item,
    numerator,
    denominator,
    safe_ratio(numerator, denominator) as value,
    'observed' as status
from sums
