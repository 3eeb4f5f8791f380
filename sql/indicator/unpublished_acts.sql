-- id: E02
-- title: Actes confiés aux données ouvertes et non publiés / Acts sent to open data and not published
-- unit: ratio
-- grain: siren, period, item
-- version: 1, from 2018-01-01
-- definition: Part des actes confiés au service de données ouvertes qui ne sont pas publiés, état par
--   état.
--   / Share of the acts sent to the open-data service that are not published, state by state.
-- numerator: actes de l'état nommé par la modalité : non publié (not_published), en cours
--   (in_progress), en erreur (failed), ou l'un des trois (other)
--   / acts in the state that the item names: not published (not_published), in progress
--   (in_progress), failed (failed), or one of the three (other)
-- denominator: tous les actes que la collectivité a confiés au service dans l'année
--   / all acts of the year that the authority sent to the service
-- source: service de données ouvertes de Mégalis (publications)
--   / open-data service of Mégalis (publications)
-- freshness: quotidienne / daily
-- caveat: « other » est le taux de non-publication que le service publie (tauxNonPublie), sans
--   période : il compte aussi ce qui est en cours ou en erreur. « not_published » seul est un refus
--   ou un retrait. Les actes masqués ou supprimés sont comptés, comme là. Les taux du service sont
--   tronqués à l'entier. L'année est celle de la décision.
--   / `other` is the rate of non-publication that the service publishes (tauxNonPublie), without
--   a period: it also counts what is in progress or failed. `not_published` alone is a refusal or a
--   withdrawal. Masked and deleted acts count, as they do there. The service cuts its rates to whole
--   numbers. The year is that of the decision.
-- disclosure: D0
-- rows: numerator core.publications if state_code <> 'published';
--   denominator core.publications
with sums as (
    select
        p.siren,
        p.period,
        i.item,
        sum(case when p.state_code = i.item or i.item = 'other' and p.state_code <> 'published' then 1 else 0 end) as numerator,
        count(*) as denominator
    from core.publications as p
    cross join (values ('not_published'), ('in_progress'), ('failed'), ('other')) as i (item)
    group by p.siren, p.period, i.item
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
