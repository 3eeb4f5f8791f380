-- id: A01
-- title: Consultations en ligne / Online tenders
-- unit: count
-- grain: siren, period
-- version: 1, from 2007-01-01
-- definition: Nombre de consultations que la collectivité a publiées sur la plateforme dans
--   l'année.
--   / Number of tenders that the authority published on the platform in the year.
-- numerator: consultations publiées sur la plateforme dans l'année, brouillons exclus
--   / tenders published on the platform in the year, drafts left out
-- denominator: aucun : c'est un nombre / none: this is a count
-- source: consultations de la salle des marchés ; listes officielles des collectivités
--   / tenders of the platform; official lists of authorities
-- freshness: quotidienne / daily
-- caveat: Un lot n'est pas une consultation ; une relance après « infructueuse » compte de nouveau.
--   / A lot is not a tender; a tender published again after an unsuccessful one counts again.
-- disclosure: D0
-- rows: numerator staging.consultations if status_code <> 'draft'
-- Every listed authority has a row in the years for which the platform's tenders are landed.
with tenders as (
    select
        siren,
        period,
        tender_count
    from cube.consultations
),

units as (
    select siren, period from core.authority_years
    union
    select siren, period from tenders
)

select
    u.siren,
    u.period,
    coalesce(t.tender_count, 0) as numerator,
    cast(null as bigint) as denominator,
    cast(coalesce(t.tender_count, 0) as double) as value,
    'observed' as status
from units as u
left join tenders as t on u.siren = t.siren and u.period = t.period
where u.period in (select period from tenders)
