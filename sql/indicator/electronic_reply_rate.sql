-- id: A03
-- title: Taux d'autorisation de la réponse électronique
--   / Share of tenders open to electronic replies
-- unit: ratio
-- grain: siren, period
-- version: 1, from 2007-01-01
-- definition: Part des consultations de l'année auxquelles une entreprise peut répondre par voie
--   électronique.
--   / Share of the year's tenders to which a firm may reply electronically.
-- numerator: consultations dont la réponse électronique est autorisée ou obligatoire
--   / tenders whose electronic reply is allowed or required
-- denominator: consultations publiées dans l'année, brouillons exclus, dont la règle de réponse est
--   connue
--   / tenders published in the year, drafts left out, whose rule of reply is known
-- source: consultations de la salle des marchés / tenders of the platform
-- freshness: quotidienne / daily
-- caveat: Obligatoire depuis le 1er octobre 2018 au-dessus des seuils : le taux sature, il sert de
--   2007 à 2018.
--   / Compulsory since 1 October 2018 above the thresholds: the rate saturates, it serves from 2007
--   to 2018.
-- disclosure: D0
-- rows: numerator staging.consultations
--     if status_code <> 'draft' and e_reply_code in ('allowed', 'required');
--   denominator staging.consultations if status_code <> 'draft' and e_reply_code is not null
with tenders as (
    select
        siren,
        period,
        sum(case when e_reply_code in ('allowed', 'required') then 1 else 0 end) as open_count,
        count(e_reply_code) as tender_count
    from core.consultations
    group by siren, period
),

units as (
    select siren, period from core.authority_years
    union
    select siren, period from tenders
),

sums as (
    select
        u.siren,
        u.period,
        coalesce(t.open_count, 0) as numerator,
        coalesce(t.tender_count, 0) as denominator
    from units as u
    left join tenders as t on u.siren = t.siren and u.period = t.period
    where u.period in (select period from tenders)
)

select
    siren,
    period,
    numerator,
    denominator,
    safe_ratio(numerator, denominator) as value,
    'observed' as status
from sums
