-- id: C01
-- title: Économies de mutualisation / Pooling savings
-- unit: eur
-- grain: siren, period, item
-- version: 1, from 2007-01-01
-- definition: Ce que les services mutualisés épargnent aux collectivités qui les auraient achetés
--   seules.
--   / What shared services save the authorities that would have bought them alone.
-- numerator: prix d'une année d'un service à soi × part des collectivités qui l'auraient acheté,
--   pour chaque service utilisé
--   / price of a year of a service of one's own × share of authorities that would have bought it,
--   of each service used
-- denominator: modalité « net » : moins une part égale du coût commun du service, et ce qu'il
--   coûte à la collectivité elle-même
--   / item `net`: less an equal share of what the service costs in all, and what it costs the
--   authority itself
-- source: plateforme ; paramètres de coût (prix, marchés)
--   / platform; cost parameters (prices, contracts)
-- freshness: annuelle / yearly
-- caveat: Le contrefactuel est un paramètre : toutes n'auraient pas acheté. Utilisé : un acte, une
--   consultation ou un flux dans l'année. Seuls comptent les services dont un prix isolé est en
--   vigueur ; qui n'en utilise aucun n'est pas concerné.
--   / The counterfactual is a parameter: not every authority would have bought. Used: an act, a
--   tender or a flow in the year. Only services with a price alone in force count; who uses none
--   of them is not concerned.
-- disclosure: D2
-- rows: amount cube.volumes if electronic_count > 0
with prices as (
    select
        period,
        stratum_code,
        item as service,
        max(case when side = 'alone' then cost_low_eur end) as low,
        max(case when side = 'alone' then cost_mid_eur end) as mid,
        max(case when side = 'alone' then cost_high_eur end) as high,
        coalesce(max(case when side = 'own' then cost_low_eur end), 0) as own_low,
        coalesce(max(case when side = 'own' then cost_mid_eur end), 0) as own_mid,
        coalesce(max(case when side = 'own' then cost_high_eur end), 0) as own_high,
        -- What is paid in all is that of no stratum.
        coalesce(max(max(case when side = 'shared' and stratum_code = 'all' then cost_low_eur end)) over (partition by period, item), 0) as shared_low,
        coalesce(max(max(case when side = 'shared' and stratum_code = 'all' then cost_mid_eur end)) over (partition by period, item), 0) as shared_mid,
        coalesce(max(max(case when side = 'shared' and stratum_code = 'all' then cost_high_eur end)) over (partition by period, item), 0) as shared_high
    from core.cost_lines
    where process = 'service'
    group by period, stratum_code, item
),

uses as (
    select
        siren,
        period,
        stratum_code,
        case when electronic_count > 0 then service_of_process(process) end as service,
        sum(case when electronic_count > 0 then 1 else 0 end) over (partition by period, process) as user_count
    from cube.volumes
),

amounts as (
    select
        u.siren,
        u.period,
        sum(p.low) as low,
        sum(p.mid) as mid,
        sum(p.high) as high,
        sum(p.low - p.own_high - p.shared_high / u.user_count) as net_low,
        sum(p.mid - p.own_mid - p.shared_mid / u.user_count) as net_mid,
        sum(p.high - p.own_low - p.shared_low / u.user_count) as net_high
    from uses as u
    left join prices as p
        on u.period = p.period and u.stratum_code = p.stratum_code and u.service = p.service and p.mid is not null
    group by u.siren, u.period
)

select
    a.siren,
    a.period,
    i.item,
    cast(case i.item when 'gross' then a.low else a.net_low end as decimal(18, 2)) as low,
    cast(case i.item when 'gross' then a.mid else a.net_mid end as decimal(18, 2)) as mid,
    cast(case i.item when 'gross' then a.high else a.net_high end as decimal(18, 2)) as high,
    case when a.mid is null then 'not_concerned' else 'observed' end as status
from amounts as a
cross join (values ('gross'), ('net')) as i (item)
