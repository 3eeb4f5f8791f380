-- id: A05
-- title: Offres électroniques par consultation / Electronic bids per tender
-- unit: bids per tender
-- grain: siren, period
-- version: 1, from 2007-01-01
-- definition: Nombre moyen d'offres électroniques par consultation close.
--   / Mean number of electronic bids per closed tender.
-- numerator: offres électroniques reçues pour les consultations du dénominateur, hors délai
--   comprises
--   / electronic bids received for the tenders of the denominator, late ones included
-- denominator: consultations publiées dans l'année dont la date de clôture est passée, annulées
--   exclues
--   / tenders published in the year whose closing date has passed, cancelled ones left out
-- source: consultations et plis de la salle des marchés / tenders and bids of the platform
-- freshness: quotidienne / daily
-- caveat: Moyenne tirée vers le haut par quelques consultations et par les allotissements ; ce
--   n'est pas une part. Sans consultation close il n'y a pas de valeur.
--   / A few tenders and lots pull the mean up; it is not a share. Without a closed tender there is
--   no value.
-- disclosure: D0
-- rows: denominator core.consultations if is_closed
with bids as (
    select
        consultation_id,
        count(*) as bid_count
    from core.bids
    where is_electronic
    group by consultation_id
),

closed as (
    select
        c.siren,
        c.period,
        sum(coalesce(b.bid_count, 0)) as bid_count,
        count(*) as tender_count
    from core.consultations as c
    left join bids as b on c.consultation_id = b.consultation_id
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
        coalesce(c.bid_count, 0) as numerator,
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
