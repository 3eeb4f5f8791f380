-- id: A11
-- title: Délai de réception des actes / Acknowledgement delay of acts
-- unit: day
-- grain: siren, period
-- version: 1, from 2007-01-01
-- definition: Jours entre la décision et l'accusé de réception de la préfecture : médiane et neuvième
--   décile des actes de l'année.
--   / Days between the decision and the acknowledgement of the préfecture: median and ninth decile
--   of the year's acts.
-- numerator: date de l'accusé de réception moins date de la décision, en jours
--   / date of the acknowledgement less date of the decision, in days
-- denominator: actes transmis de l'année dont le délai est de 0 à 365 jours
--   / transmitted acts of the year whose delay is from 0 to 365 days
-- source: actes et messages @CTES / acts and @CTES messages
-- freshness: quotidienne / daily
-- caveat: Un délai négatif ou de plus de 365 jours est une anomalie, comptée à part. Il contient le
--   temps que la collectivité prend avant d'envoyer. Décile interpolé.
--   / A delay below 0 or above 365 days is an anomaly, counted apart. It contains the time that
--   the authority takes before sending. The decile is interpolated.
-- disclosure: D0
with delays as (
    select
        siren,
        period,
        acknowledged_date - decision_date as days
    from core.acts
    where is_transmitted
)

select
    siren,
    period,
    median(case when days between 0 and 365 then cast(days as double) end) as median_days,
    percentile_cont(0.9) within group (order by case when days between 0 and 365 then cast(days as double) end) as p90_days,
    sum(case when days between 0 and 365 then 1 else 0 end) as act_count,
    sum(case when days between 0 and 365 then 0 else 1 end) as anomaly_count
from delays
group by siren, period
