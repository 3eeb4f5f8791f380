-- id: published.rates_by_family
-- title: Taux régionaux par famille de collectivités / Regional rates by family of authorities
-- unit: ratio
-- grain: indicator_id, item, family, period
-- version: 1, from 2007-01-01
-- definition: Taux régional de chaque indicateur par famille de collectivités, avec sa couverture.
--   / Regional rate of each indicator by family of authorities, with its coverage.
-- numerator: somme des numérateurs des collectivités observées, anomalies supérieures à 1 exclues
--   / sum of the numerators of the authorities observed, anomalies above 1 left out
-- denominator: somme de leurs dénominateurs / sum of their denominators
-- source: les indicateurs nommés par indicator_id / the indicators that indicator_id names
-- freshness: celle de chaque indicateur / that of each indicator
-- caveat: Un rapport de sommes, jamais une moyenne de taux ; les « non concernées » sont hors des
--   sommes et de l'attendu. Sous le secret, pour ce qui est déclaré (D2) : moins de 5
--   contributeurs, ou un seul au-dessus de 85 %. Aucun total sur les familles n'est publié : rien
--   ne se déduit par soustraction.
--   / A ratio of sums, never a mean of rates; who is not concerned is in neither sum and not
--   expected. Suppressed, of what is reported (D2): fewer than 5 contributors, or one above 85 %.
--   No total over families is published: none can be subtracted.
-- disclosure: D2
with cells as (
    select
        indicator_id,
        class,
        item,
        family,
        period,
        sum(case when value is not null then numerator end) as numerator,
        sum(case when value is not null then denominator end) as denominator,
        max(case when value is not null then denominator end) as largest,
        count(value) as used_count,
        sum(case when value is not null then population_count end) as used_population_count,
        sum(case when is_anomaly then 1 else 0 end) as anomaly_count,
        sum(case when status = 'observed' then 1 else 0 end) as observed_count,
        sum(case when status <> 'not_concerned' then 1 else 0 end) as expected_count,
        sum(case when status <> 'not_concerned' then population_count end) as expected_population_count
    from peer.rates
    group by indicator_id, class, item, family, period
),

judged as (
    select
        *,
        used_count > 0 and (class = 'D0' or coalesce(may_publish(used_count, largest, denominator), false)) as is_public
    from cells
)

select
    indicator_id,
    item,
    family,
    period,
    case when is_public then numerator end as numerator,
    case when is_public then denominator end as denominator,
    case when is_public then safe_ratio(numerator, denominator) end as value,
    case
        when is_public then 'observed'
        when expected_count = 0 then 'not_concerned'
        when observed_count = 0 then 'not_reported'
        when class = 'D0' then 'observed' else 'suppressed'
    end as status,
    used_count,
    expected_count,
    case when is_public then anomaly_count end as anomaly_count,
    coalesce(used_population_count, 0) as used_population_count,
    coalesce(expected_population_count, 0) as expected_population_count,
    safe_ratio(coalesce(used_population_count, 0), expected_population_count) as population_share
from judged
