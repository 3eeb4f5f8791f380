-- id: E01
-- title: Actes confiés aux données ouvertes, par nature, choix et état
--   / Acts sent to open data, by nature, choice and state
-- unit: count
-- grain: period, nature_code, choice_code, state_code
-- version: 1, from 2018-01-01
-- definition: Nombre d'actes confiés au service de données ouvertes, selon leur nature, le choix de la
--   collectivité et ce qu'ils sont devenus.
--   / Number of acts sent to the open-data service, by nature, by what the authority chose and by
--   what became of them.
-- numerator: actes de la nature, du choix et de l'état nommés
--   / acts of the nature, the choice and the state named
-- denominator: sans : un décompte ; la part est celle des actes de même nature et année
--   / none: a count; the share is that of the acts of the same nature and year
-- source: service de données ouvertes de Mégalis (publications)
--   / open-data service of Mégalis (publications)
-- freshness: quotidienne / daily
-- caveat: Choix : oui (yes, codé 3, autrefois 0), non (no), ne sais pas (unknown). État : publié, non
--   publié, en cours, en erreur ; un autre code est rejeté à l'entrée, jamais lu comme une erreur.
--   Masqués et supprimés sont compris et dits à côté. L'année est celle de la décision ; le service
--   filtre sur la date de publication, qui exclut ce qui n'est pas publié.
--   / Choice: yes (coded 3, once 0), no, unknown. State: published, not published, in progress,
--   failed; another code is rejected at the door, never read as a failure. Masked and deleted acts
--   are included and told beside. The year is that of the decision; the service filters by the date
--   of publication, which leaves out what is not published.
-- disclosure: D0
with counts as (
    select
        period,
        nature_code,
        choice_code,
        state_code,
        count(*) as act_count,
        sum(case when is_masked then 1 else 0 end) as masked_count,
        sum(case when is_deleted then 1 else 0 end) as deleted_count
    from core.publications
    group by period, nature_code, choice_code, state_code
)

select
    period,
    nature_code,
    choice_code,
    state_code,
    act_count,
    safe_ratio(act_count, sum(act_count) over (partition by period, nature_code)) as share,
    masked_count,
    deleted_count
from counts
