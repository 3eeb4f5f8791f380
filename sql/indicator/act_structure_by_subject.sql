-- id: A10
-- title: Structure des actes par matière / Acts by subject
-- unit: ratio
-- grain: siren, period, item
-- version: 1, from 2007-01-01
-- definition: Répartition des actes transmis selon leur matière, au deuxième niveau de la
--   nomenclature.
--   / How the acts transmitted divide by subject, at the second level of the classification.
-- numerator: actes transmis de la matière (niveau 2, comme 7.10) pris dans l'année
--   / transmitted acts of the subject (level 2, such as 7.10) decided in the year
-- denominator: tous les actes transmis par la collectivité pris dans l'année
--   / all transmitted acts of the authority decided in the year
-- source: actes et messages @CTES / acts and @CTES messages
-- freshness: quotidienne / daily
-- caveat: Les niveaux sous le deuxième diffèrent d'une préfecture à l'autre et ne se comparent pas
--   ; les années d'élection déforment la structure ; une matière sans acte n'a pas de ligne.
--   / Levels below the second differ between préfectures and are not compared; election years
--   distort the structure; a subject without an act has no row.
-- disclosure: D0
-- rows: numerator core.acts if is_transmitted
with by_subject as (
    select
        siren,
        period,
        subject_level2_code as item,
        sum(transmitted_count) as act_count
    from cube.acts
    where transmitted_count > 0
    group by siren, period, subject_level2_code
),

sums as (
    select
        siren,
        period,
        item,
        act_count as numerator,
        sum(act_count) over (partition by siren, period) as denominator
    from by_subject
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
