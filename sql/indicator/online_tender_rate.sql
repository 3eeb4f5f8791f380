-- id: A02
-- title: Taux de consultations dématérialisées / Share of tenders online
-- unit: ratio
-- grain: siren, period
-- version: 1, from 2007-01-01
-- definition: Part des consultations de l'année qui sont passées par la plateforme.
--   / Share of the year's tenders that went through the platform.
-- numerator: consultations publiées sur la plateforme dans l'année, brouillons exclus
--   / tenders published on the platform in the year, drafts left out
-- denominator: toutes les consultations de l'année, papier compris, déclarées par la collectivité
--   (CONS_TOT)
--   / all tenders of the year, paper included, as the authority reports them (CONS_TOT)
-- source: consultations de la salle des marchés ; chiffres déclarés par les collectivités
--   / tenders of the platform; figures reported by the authorities
-- freshness: annuelle, après la collecte des déclarations / yearly, once the reports are in
-- caveat: Sans total déclaré la collectivité n'est dans aucune des deux sommes ; un 0 déclaré n'a
--   pas de taux ; au-delà de 1, le total déclaré est faux ou porte sur un autre seuil : c'est une
--   anomalie, jamais moyennée.
--   / Without a reported total the authority is in neither sum; a reported 0 has no rate; above 1
--   the reported total is wrong or has another threshold: an anomaly, never averaged.
-- disclosure: D2
-- rows: numerator staging.consultations if status_code <> 'draft';
--   denominator core.reported of variable = 'CONS_TOT' and item = 'all' if status = 'observed'
with tenders as (
    select
        siren,
        period,
        tender_count
    from cube.consultations
),

totals as (
    select siren, period, value, status from core.reported where variable = 'CONS_TOT' and item = 'all'
),

units as (
    select siren, period from core.authority_years
    union
    select siren, period from tenders
    union
    select siren, period from totals
),

sums as (
    select
        u.siren,
        u.period,
        case when r.status = 'observed' then coalesce(t.tender_count, 0) end as numerator,
        case when r.status = 'observed' then r.value end as denominator,
        coalesce(r.status, 'not_reported') as status
    from units as u
    left join tenders as t on u.siren = t.siren and u.period = t.period
    left join totals as r on u.siren = r.siren and u.period = r.period
    where u.period in (select period from tenders)
)

select
    siren,
    period,
    numerator,
    denominator,
    safe_ratio(numerator, denominator) as value,
    status
from sums
