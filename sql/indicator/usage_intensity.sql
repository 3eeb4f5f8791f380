-- id: B04
-- title: Intensité d'usage / Usage intensity
-- unit: per_thousand
-- grain: siren, period, item
-- version: 1, from 2007-01-01
-- definition: Actes transmis pour 1 000 habitants (acts), et consultations pour un million d'euros de
--   dépenses d'équipement (tenders).
--   / Acts transmitted per 1,000 inhabitants (acts), and tenders per million euros of equipment
--   spending (tenders).
-- numerator: 1 000 × actes transmis ; 1 000 000 × consultations publiées
--   / 1,000 × acts transmitted; 1,000,000 × tenders published
-- denominator: habitants de la liste en vigueur ; euros dépensés aux natures 20 (sauf 204), 21 et 23
--   / inhabitants of the list in force; euros spent under the natures 20 (but 204), 21 and 23
-- source: plateforme ; listes officielles ; comptes administratifs (TOTEM)
--   / platform; official lists; accounts (TOTEM)
-- freshness: quotidienne pour les actes, annuelle pour les comptes / daily for acts, yearly for accounts
-- caveat: La population légale est celle de trois ans plus tôt. Une collectivité dont les comptes ne
--   sont pas publiés n'a pas de dépenses : not_reported, jamais 0. Budgets annexes compris.
--   / The legal population is that of three years before. An authority whose accounts are not
--   published has no spending: not_reported, never 0. Annexed budgets are included.
-- disclosure: D0
with spending as (
    select
        siren,
        period,
        cast(round(sum(actual_eur)) as bigint) as total_eur
    from core.expenses
    where substr(nature_code, 1, 2) in ('20', '21', '23') and substr(nature_code, 1, 3) <> '204'
    group by siren, period
),

acts as (
    select siren, period, sum(transmitted_count) as act_count from cube.acts group by siren, period
),

sums as (
    select
        y.siren,
        y.period,
        'acts' as item,
        case when y.population_count is not null then 1000 * coalesce(a.act_count, 0) end as numerator,
        y.population_count as denominator
    from core.authority_years as y
    left join acts as a on y.siren = a.siren and y.period = a.period
    where y.period in (select period from acts)
    union all
    select
        y.siren,
        y.period,
        'tenders' as item,
        case when s.total_eur is not null then 1000000 * coalesce(t.tender_count, 0) end as numerator,
        s.total_eur as denominator
    from core.authority_years as y
    left join spending as s on y.siren = s.siren and y.period = s.period
    left join cube.consultations as t on y.siren = t.siren and y.period = t.period
    where y.period in (select period from cube.consultations)
)

select
    siren,
    period,
    item,
    numerator,
    denominator,
    safe_ratio(numerator, denominator) as value,
    case when denominator is null then 'not_reported' else 'observed' end as status
from sums
