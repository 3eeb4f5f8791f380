-- id: C05
-- title: Économies réalisées / Realised savings
-- unit: eur
-- grain: siren, period, item
-- version: 1, from 2007-01-01
-- definition: Ce que les unités électroniques de l'année ont coûté de moins que sur papier.
--   / What the electronic units of the year cost less than on paper.
-- numerator: unités électroniques de l'année × économie unitaire de la strate (C04), sommées sur
--   les procédures
--   / electronic units of the year × unit saving of the stratum (C04), summed over processes
-- denominator: modalité « net » : moins ce que les services utilisés coûtent dans l'année à la
--   collectivité elle-même
--   / item `net`: less what the services used cost the authority itself in the year
-- source: plateforme ; paramètres de coût / platform; cost parameters
-- freshness: quotidienne pour les volumes / daily for the volumes
-- caveat: Le volume est observé, l'économie unitaire est une hypothèse. Une procédure sans
--   paramètre en vigueur n'ajoute rien ; sans aucun, il n'y a pas de chiffre.
--   / The volume is observed, the unit saving an assumption. A process without a parameter in
--   force adds nothing; without any there is no figure.
-- disclosure: D2
-- rows: amount cube.volumes if status = 'observed'
with amounts as (
    select
        v.siren,
        v.period,
        sum(v.electronic_count * u.low_eur) as low,
        sum(v.electronic_count * u.mid_eur) as mid,
        sum(v.electronic_count * u.high_eur) as high,
        sum(coalesce(o.cost_low_eur, 0)) as own_low,
        sum(coalesce(o.cost_mid_eur, 0)) as own_mid,
        sum(coalesce(o.cost_high_eur, 0)) as own_high
    from cube.volumes as v
    left join cube.unit_savings as u
        on v.period = u.period and v.stratum_code = u.stratum_code and v.process = u.process
    left join (select * from core.cost_lines where process = 'service' and side = 'own') as o
        on v.period = o.period and v.stratum_code = o.stratum_code
        and service_of_process(v.process) = o.item and v.electronic_count > 0
    group by v.siren, v.period
)

select
    a.siren,
    a.period,
    i.item,
    cast(case i.item when 'gross' then a.low else a.low - a.own_high end as decimal(18, 2)) as low,
    cast(case i.item when 'gross' then a.mid else a.mid - a.own_mid end as decimal(18, 2)) as mid,
    cast(case i.item when 'gross' then a.high else a.high - a.own_low end as decimal(18, 2)) as high,
    case when a.mid is null then 'not_reported' else 'observed' end as status
from amounts as a
cross join (values ('gross'), ('net')) as i (item)
