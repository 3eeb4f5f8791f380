-- id: A14
-- title: Typologie de dématérialisation / Dematerialisation profile
-- unit: class
-- grain: siren, period
-- version: 1, from 2007-01-01
-- definition: Classe de la collectivité selon sa part de marchés dématérialisés et sa part d'actes
--   télétransmis.
--   / Class of the authority by its share of tenders online and its share of acts transmitted.
-- numerator: A02, sinon A04 ; et A08 / A02, else A04; and A08
-- denominator: seuils en vigueur : haut 70 %, bas 20 % (core.profile_thresholds)
--   / thresholds in force: high 70 %, low 20 % (core.profile_thresholds)
-- source: A02, A04, A08 / A02, A04, A08
-- freshness: annuelle / yearly
-- caveat: « pioneer » (pionnier) : les deux au moins au seuil haut ; « tenders » (marchés) ou « acts »
--   (actes) : l'un seul ; « emerging » (émergent) : les deux sous le seuil bas ; sinon « middle »
--   (intermédiaire). S'il manque un des deux taux, il n'y a pas de classe. Anomalies exclues.
--   / `pioneer`: both at the high threshold at least; `tenders` or `acts`: one alone; `emerging`:
--   both below the low threshold; else `middle`. Without one of the two rates there is no class.
--   Anomalies are left out.
-- disclosure: D2
with rates as (
    select siren, period, value as tender_share, cast(null as double) as bid_share, cast(null as double) as act_share, status
    from indicator.online_tender_rate
    union all
    select siren, period, null, value, null, status from indicator.electronic_bid_rate
    union all
    select siren, period, null, null, value, status from indicator.act_transmission_rate
),

shares as (
    select
        siren,
        period,
        coalesce(
            max(case when tender_share <= 1 then tender_share end),
            max(case when bid_share <= 1 then bid_share end)
        ) as tender_share,
        max(case when act_share <= 1 then act_share end) as act_share,
        min(status) as first_status,
        max(status) as last_status
    from rates
    group by siren, period
),

judged as (
    select
        s.*,
        t.high_share,
        t.low_share,
        row_number() over (partition by s.siren, s.period order by t.valid_from desc) as choice
    from shares as s
    inner join core.profile_thresholds as t on t.valid_from <= period_year(s.period)
)

select
    siren,
    period,
    tender_share,
    act_share,
    case
        when tender_share is null or act_share is null then null
        when tender_share >= high_share and act_share >= high_share then 'pioneer'
        when tender_share >= high_share then 'tenders'
        when act_share >= high_share then 'acts'
        when tender_share < low_share and act_share < low_share then 'emerging'
        else 'middle'
    end as profile,
    case
        when tender_share is not null and act_share is not null then 'observed'
        when first_status = 'not_concerned' and last_status = 'not_concerned' then 'not_concerned'
        else 'not_reported'
    end as status
from judged
where choice = 1
