-- id: D06
-- title: Complétude et qualité des sources / Completeness and quality of the sources
-- unit: ratio
-- grain: dataset
-- version: 1, from 2007-01-01
-- definition: Part des lignes rejetées de chaque source, avec ses avertissements, les SIREN reconnus,
--   sa couverture des collectivités et l'âge de sa dernière livraison.
--   / Share of the rows of each source that are rejected, with its warnings, the SIREN that are
--   known, its coverage of the authorities and the age of its last delivery.
-- numerator: lignes rejetées, en quarantaine / rows rejected, in quarantine
-- denominator: lignes lues / rows read
-- source: journal des livraisons ; listes officielles / books of the deliveries; official lists
-- freshness: à chaque livraison / with each delivery
-- caveat: Une ligne peut avoir plusieurs avertissements. Un SIREN est reconnu s'il est dans une
--   édition des listes officielles ; la couverture compte les collectivités de la dernière liste qui
--   ont au moins une ligne, de n'importe quelle date. Les sources sans SIREN n'ont pas de couverture.
--   / A row may have several warnings. A SIREN is known if an edition of the official lists has it;
--   coverage counts the authorities of the latest list that have a row at least, of any date.
--   Sources without a SIREN have no coverage.
-- disclosure: D0
with sources as (
    select
        dataset,
        sum(rejected_count) as rejected_count,
        sum(read_count) as read_count,
        sum(accepted_count) as accepted_count,
        sum(warning_count) as warning_count,
        count(*) as file_count,
        max(run_date) as last_delivery_date
    from staging.sources
    group by dataset
),

latest as (
    select siren
    from core.authority_years
    where period = (select max(period) from core.authority_years)
),

identified as (
    select
        d.dataset,
        count(*) as siren_count,
        count(a.siren) as known_siren_count,
        count(l.siren) as covered_count
    from core.deliveries as d
    left join (select distinct siren from core.authorities) as a on d.siren = a.siren
    left join latest as l on d.siren = l.siren
    group by d.dataset
)

select
    s.dataset,
    s.rejected_count as numerator,
    s.read_count as denominator,
    safe_ratio(s.rejected_count, s.read_count) as value,
    'observed' as status,
    s.warning_count,
    safe_ratio(s.warning_count, s.accepted_count) as warnings_per_row,
    i.siren_count,
    i.known_siren_count,
    safe_ratio(i.known_siren_count, i.siren_count) as known_siren_share,
    i.covered_count,
    case when i.siren_count is not null then c.authority_count end as authority_count,
    safe_ratio(i.covered_count, c.authority_count) as coverage,
    s.file_count,
    s.last_delivery_date,
    r.run_date - s.last_delivery_date as days_since_delivery
from sources as s
left join identified as i on s.dataset = i.dataset
cross join (select count(*) as authority_count from latest) as c
cross join staging.release as r
