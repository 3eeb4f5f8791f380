-- id: A06
-- title: Consultations avec au moins une offre électronique
--   / Tenders with at least one electronic bid
-- unit: ratio
-- grain: siren, period
-- version: 1, from 2007-01-01
-- definition: Part des consultations closes qui ont reçu au moins une offre électronique.
--   / Share of the closed tenders that received at least one electronic bid.
-- numerator: consultations du dénominateur ayant reçu au moins une offre électronique, hors délai
--   comprise
--   / tenders of the denominator that received at least one electronic bid, late ones included
-- denominator: consultations publiées dans l'année dont la date de clôture est passée, annulées
--   exclues
--   / tenders published in the year whose closing date has passed, cancelled ones left out
-- source: consultations et plis de la salle des marchés / tenders and bids of the platform
-- freshness: quotidienne / daily
-- caveat: Une consultation encore ouverte n'entre pas dans le calcul : les derniers mois de l'année
--   bougent encore.
--   / A tender that is still open is left out: the last months of the year still move.
-- disclosure: D0
-- rows: denominator core.consultations if is_closed
with answered as (
    select distinct consultation_id
    from core.bids
    where is_electronic
),

closed as (
    select
        c.siren,
        c.period,
        count(a.consultation_id) as answered_count,
        count(*) as tender_count
    from core.consultations as c
    left join answered as a on c.consultation_id = a.consultation_id
    where c.is_closed
    group by c.siren, c.period
),

units as (
    select siren, period from core.authority_years
    union
    select siren, period from closed
),

sums as (
    select
        u.siren,
        u.period,
        coalesce(c.answered_count, 0) as numerator,
        coalesce(c.tender_count, 0) as denominator
    from units as u
    left join closed as c on u.siren = c.siren and u.period = c.period
    where u.period in (select period from core.consultations)
)

select
    siren,
    period,
    numerator,
    denominator,
    safe_ratio(numerator, denominator) as value,
    'observed' as status
from sums
