-- id: C06
-- title: Économies sur 5 ans au taux actuel / Five-year savings at the present rate
-- unit: eur
-- grain: siren, period
-- version: 1, from 2007-01-01
-- definition: Économies de cinq années comme celle-ci, au taux de dématérialisation de l'année.
--   / Savings of five years like this one, at the year's rate of dematerialisation.
-- numerator: unités électroniques de l'année × économie unitaire (C04) × 5, sommées sur les
--   procédures
--   / electronic units of the year × unit saving (C04) × 5, summed over processes
-- denominator: sans : un montant ; taux et volumes ne bougent pas, rien n'est actualisé
--   / none: an amount; rate and volumes do not move, nothing is discounted
-- source: plateforme ; totaux déclarés ; paramètres de coût
--   / platform; reported totals; cost parameters
-- freshness: annuelle, après la collecte des déclarations / yearly, once the reports are in
-- caveat: Périmètre : les collectivités ayant une unité électronique dans l'année (les autres ne
--   sont pas concernées) et, parmi leurs procédures, celles dont le total est connu. C06 ≤ C07 tant
--   qu'aucune économie unitaire n'est négative. D'autres hypothèses : `carnac scenario`.
--   / Perimeter: authorities with an electronic unit in the year (others are not concerned), and
--   of their processes those whose total is known. C06 ≤ C07 as long as no unit saving is
--   negative. Other assumptions: `carnac scenario`.
-- disclosure: D2
-- rows: amount cube.volumes if status = 'observed'
with amounts as (
    select
        v.siren,
        v.period,
        5 * sum(v.electronic_count * u.low_eur) as low,
        5 * sum(v.electronic_count * u.mid_eur) as mid,
        5 * sum(v.electronic_count * u.high_eur) as high,
        sum(v.electronic_count) > 0 as is_user,
        sum(case when v.total_count * u.mid_eur is null then 0 else 1 end) as used_count,
        sum(case when v.status = 'not_concerned' then 0 else 1 end) as concerned_count
    from cube.volumes as v
    left join cube.unit_savings as u
        on v.period = u.period and v.stratum_code = u.stratum_code and v.process = u.process
        and v.total_count is not null
    group by v.siren, v.period
),

judged as (
    select
        *,
        case
            when not is_user then 'not_concerned'
            when used_count > 0 then 'observed'
            when concerned_count = 0 then 'not_concerned'
            else 'not_reported'
        end as status
    from amounts
)

select
    siren,
    period,
    case when status = 'observed' then cast(low as decimal(18, 2)) end as low,
    case when status = 'observed' then cast(mid as decimal(18, 2)) end as mid,
    case when status = 'observed' then cast(high as decimal(18, 2)) end as high,
    status
from judged
