-- id: E03
-- title: Part des actes publiés qui sont numérisés / Share of the acts published that are scans
-- unit: ratio
-- grain: siren, period
-- version: 1, from 2018-01-01
-- definition: Part des actes publiés en données ouvertes dont le document est une image numérisée, sans
--   texte.
--   / Share of the acts published as open data whose document is a scanned image, without text.
-- numerator: actes publiés dont le document est reconnu comme numérisé
--   / acts published whose document is known to be a scan
-- denominator: actes publiés dont on sait si le document est numérisé
--   / acts published of which it is known whether the document is a scan
-- source: service de données ouvertes de Mégalis (publications)
--   / open-data service of Mégalis (publications)
-- freshness: quotidienne / daily
-- caveat: Ce que le service compte sous documentScanne, avec son dénominateur dit : un document que
--   personne n'a examiné n'est ni numérisé ni natif, il est hors des deux sommes. L'année est celle
--   de la décision.
--   / What the service counts under documentScanne, with its denominator said: a document that
--   nobody looked at is neither a scan nor native, it is in neither sum. The year is that of the
--   decision.
-- disclosure: D0
-- rows: numerator core.publications of state_code = 'published' if is_scanned;
--   denominator core.publications of state_code = 'published' if is_scanned is not null
with sums as (
    select
        siren,
        period,
        sum(case when is_scanned then 1 else 0 end) as numerator,
        count(is_scanned) as denominator
    from core.publications
    where state_code = 'published'
    group by siren, period
)

select
    siren,
    period,
    numerator,
    denominator,
    safe_ratio(numerator, denominator) as value,
    'observed' as status
from sums
