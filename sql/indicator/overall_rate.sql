-- id: A15
-- title: Taux de dématérialisation tous processus / Overall rate of dematerialisation
-- unit: ratio
-- grain: siren, period
-- version: 1, from 2007-01-01
-- definition: Part électronique de l'ensemble des consultations, offres, actes et flux comptables
--   de l'année, chaque unité comptant pour 1.
--   / Electronic share of all tenders, bids, acts and accounting flows of the year, each counting
--   for 1.
-- numerator: somme des numérateurs électroniques des processus retenus (ceux de A02, A04 et A08, et
--   les flux acceptés)
--   / sum of the electronic numerators of the processes kept (those of A02, A04 and A08, and the
--   flows accepted)
-- denominator: somme des totaux des mêmes processus : CONS_TOT, PLI_TOT ou le compte de la
--   plateforme, ACT_TOT, PES_TOT
--   / sum of the totals of the same processes: CONS_TOT, PLI_TOT or the platform's count, ACT_TOT,
--   PES_TOT
-- source: plateforme (consultations, plis, actes, flux) ; chiffres déclarés par les collectivités
--   / platform (tenders, bids, acts, flows); figures reported by the authorities
-- freshness: annuelle, après la collecte des déclarations / yearly, once the reports are in
-- caveat: Les actes, nombreux, dominent. Un processus sans total, non concerné, ou dont le total
--   est inférieur à ce que la plateforme connaît (anomalie), est retiré des deux sommes. La
--   variante pondérée par l'économie unitaire est le rapport de C06 à C07, qui gardent ce processus
--   et portent son total à ce que la plateforme connaît : elle peut être plus haute.
--   / Acts, being many, dominate. A process without a total, not concerned, or whose total is below
--   what the platform knows (an anomaly), is left out of both sums. The variant weighted by unit
--   savings is the quotient C06 over C07, which keep such a process and raise its total to what
--   the platform knows: it may be higher.
-- disclosure: D2
-- rows: numerator core.acts if is_transmitted;
--   numerator staging.consultations if status_code <> 'draft';
--   numerator core.bids if is_electronic and not is_late;
--   numerator core.flows if is_acknowledged;
--   denominator core.reported of item = 'all' and variable in ('ACT_TOT', 'CONS_TOT', 'PLI_TOT', 'PES_TOT')
--     if status = 'observed'
with counts as (
    select siren, period, 'CONS_TOT' as variable, tender_count as electronic_count,
        tender_count as known_count, 0 as paper_count
    from cube.consultations
    union all
    select siren, period, 'PLI_TOT', in_time_count, electronic_count, paper_count
    from cube.bids
    union all
    select siren, period, 'ACT_TOT', sum(transmitted_count), sum(transmitted_count), 0
    from cube.acts
    group by siren, period
    union all
    select siren, period, 'PES_TOT', sum(acknowledged_count), sum(acknowledged_count), 0
    from cube.flows
    group by siren, period
),

processes as (
    select
        coalesce(c.siren, r.siren) as siren,
        coalesce(c.period, r.period) as period,
        coalesce(c.electronic_count, 0) as electronic_count,
        coalesce(c.known_count, 0) as known_count,
        case when c.paper_count > 0 then c.known_count + c.paper_count else r.value end as total_count,
        case when c.paper_count > 0 then 'observed' else coalesce(r.status, 'not_reported') end as status
    from counts as c
    full join (
        select siren, period, variable, value, status
        from core.reported
        where variable in ('CONS_TOT', 'PLI_TOT', 'ACT_TOT', 'PES_TOT') and item = 'all'
    ) as r on c.siren = r.siren and c.period = r.period and c.variable = r.variable
    where coalesce(c.period, r.period) in (select period from counts)
),

judged as (
    select
        *,
        status = 'observed' and known_count <= total_count as is_usable
    from processes
    union all
    select siren, period, 0, 0, null, 'none', false
    from core.authority_years
    where period in (select period from counts)
),

sums as (
    select
        siren,
        period,
        sum(case when is_usable then electronic_count end) as numerator,
        sum(case when is_usable then total_count end) as denominator,
        max(is_usable) as is_observed,
        max(status = 'not_concerned') and not max(status in ('observed', 'not_reported')) as is_not_concerned
    from judged
    group by siren, period
)

select
    siren,
    period,
    numerator,
    denominator,
    safe_ratio(numerator, denominator) as value,
    case
        when is_observed then 'observed'
        when is_not_concerned then 'not_concerned'
        else 'not_reported'
    end as status
from sums
