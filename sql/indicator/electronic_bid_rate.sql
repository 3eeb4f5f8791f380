-- id: A04
-- title: Taux d'offres électroniques / Share of electronic bids
-- unit: ratio
-- grain: siren, period
-- version: 1, from 2007-01-01
-- definition: Part des offres reçues dans l'année qui l'ont été par voie électronique et à temps.
--   / Share of the bids received in the year that came electronically and in time.
-- numerator: offres électroniques remises à temps dans l'année
--   / electronic bids submitted in time in the year
-- denominator: toutes les offres : électroniques et papier si le papier a été saisi, sinon total
--   déclaré (PLI_TOT)
--   / all bids: electronic and paper ones where paper was entered, else the reported total
--   (PLI_TOT)
-- source: plis de la salle des marchés ; chiffres déclarés par les collectivités
--   / bids of the platform; figures reported by the authorities
-- freshness: annuelle, après la collecte des déclarations / yearly, once the reports are in
-- caveat: Les offres papier sont souvent non saisies ; un seul pli papier saisi suffit pour retenir
--   le compte de la plateforme. Un total déclaré inférieur aux plis électroniques connus donne un
--   taux supérieur à 1 : une anomalie.
--   / Paper bids are often not entered; one entered in the year is enough for the platform's own
--   count to be used. A reported total below the electronic bids known gives a value above 1: an
--   anomaly.
-- disclosure: D2
-- rows: numerator core.bids if is_electronic and not is_late;
--   denominator core.bids;
--   denominator core.reported of variable = 'PLI_TOT' and item = 'all' if status = 'observed'
-- Late electronic bids are in the denominator only. Where the reported total is below the
-- electronic bids known, all of these are in the numerator.
with bids as (
    select
        siren,
        period,
        in_time_count,
        electronic_count,
        paper_count
    from cube.bids
),

totals as (
    select siren, period, value, status from core.reported where variable = 'PLI_TOT' and item = 'all'
),

units as (
    select siren, period from core.authority_years
    union
    select siren, period from bids
    union
    select siren, period from totals
),

known as (
    select
        u.siren,
        u.period,
        case
            when b.paper_count = 0 and r.value < b.electronic_count then b.electronic_count
            else coalesce(b.in_time_count, 0)
        end as bid_numerator,
        case when b.paper_count > 0 then b.electronic_count + b.paper_count else r.value end as bid_count,
        case when b.paper_count > 0 then 'observed' else coalesce(r.status, 'not_reported') end as status
    from units as u
    left join bids as b on u.siren = b.siren and u.period = b.period
    left join totals as r on u.siren = r.siren and u.period = r.period
    where u.period in (select period from bids)
),

sums as (
    select
        siren,
        period,
        case when status = 'observed' then bid_numerator end as numerator,
        case when status = 'observed' then bid_count end as denominator,
        status
    from known
)

select
    siren,
    period,
    numerator,
    denominator,
    safe_ratio(numerator, denominator) as value,
    status
from sums
