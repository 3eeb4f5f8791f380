-- id: A07
-- title: Retraits de dossiers en ligne par consultation / Downloads of documents per tender
-- unit: downloads per tender
-- grain: siren, period, item
-- version: 1, from 2007-01-01
-- definition: Nombre moyen de retraits du dossier de consultation, tous (all) ou identifiés
--   (identified).
--   / Mean number of downloads of a tender's documents, all of them (all) or identified ones
--   (identified).
-- numerator: retraits des dossiers des consultations du dénominateur
--   / downloads of the documents of the tenders of the denominator
-- denominator: consultations publiées dans l'année, brouillons exclus
--   / tenders published in the year, drafts left out
-- source: consultations et retraits de la salle des marchés / tenders and downloads of the platform
-- freshness: quotidienne / daily
-- caveat: Les retraits anonymes et les robots gonflent le total : lire la part identifiée à côté.
--   Un retrait suit sa consultation, même l'année suivante. La conversion en offres n'est pas
--   calculée : les plis ne disent pas qui les dépose.
--   / Anonymous downloads and robots swell the total: read the identified part beside it. A
--   download follows its tender, even into the next year. Conversion into bids is not computed:
--   bids do not say whose they are.
-- disclosure: D0
-- rows: denominator staging.consultations if status_code <> 'draft'
with downloads as (
    select
        consultation_id,
        count(*) as download_count,
        sum(case when is_identified then 1 else 0 end) as identified_count
    from core.downloads
    group by consultation_id
),

tenders as (
    select
        c.siren,
        c.period,
        count(*) as tender_count,
        sum(coalesce(d.download_count, 0)) as download_count,
        sum(coalesce(d.identified_count, 0)) as identified_count
    from core.consultations as c
    left join downloads as d on c.consultation_id = d.consultation_id
    group by c.siren, c.period
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
        i.item,
        coalesce(case i.item when 'all' then t.download_count else t.identified_count end, 0) as numerator,
        coalesce(t.tender_count, 0) as denominator
    from units as u
    cross join (values ('all'), ('identified')) as i (item)
    left join tenders as t on u.siren = t.siren and u.period = t.period
    where u.period in (select period from tenders)
)

select
    siren,
    period,
    item,
    numerator,
    denominator,
    safe_ratio(numerator, denominator) as value,
    'observed' as status
from sums
