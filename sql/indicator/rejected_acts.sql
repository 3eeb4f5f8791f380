-- id: A12
-- title: Taux d'actes rejetés ou annulés / Share of acts rejected or cancelled
-- unit: ratio
-- grain: siren, period, item
-- version: 1, from 2007-01-01
-- definition: Part des actes transmis que la préfecture a renvoyés en anomalie (rejected) ou que la
--   collectivité a annulés (cancelled).
--   / Share of the acts sent that the préfecture returned as an anomaly (rejected) or that the
--   authority cancelled (cancelled).
-- numerator: actes ayant un message d'anomalie (1-3), ou un acquittement d'annulation (6-2)
--   / acts with a message of anomaly (1-3), or an acknowledgement of cancellation (6-2)
-- denominator: actes ayant un message de transmission (1-1), chacun une fois
--   / acts with a message of transmission (1-1), each once
-- source: messages @CTES / @CTES messages
-- freshness: quotidienne / daily
-- caveat: Un acte renvoyé puis transmis de nouveau sous le même identifiant compte une fois, et reste
--   compté en anomalie. Les actes connus par le seul export n'ont pas de messages et n'y sont pas.
--   Les deux modalités ne s'additionnent pas : un acte peut être des deux.
--   / An act that is returned and sent again under the same identifier counts once, and remains
--   counted as an anomaly. Acts known by the export alone have no messages and are not there. The
--   two items do not add up: an act may be of both.
-- disclosure: D0
with acts as (
    select
        act_id,
        siren,
        period,
        max(case when message_code = '1-3' then 1 else 0 end) as is_rejected,
        max(case when message_code = '6-2' then 1 else 0 end) as is_cancelled
    from staging.act_messages
    group by act_id, siren, period
    having max(case when message_code = '1-1' then 1 else 0 end) = 1
),

sums as (
    select
        a.siren,
        a.period,
        i.item,
        sum(case i.item when 'rejected' then a.is_rejected else a.is_cancelled end) as numerator,
        count(*) as denominator
    from acts as a
    cross join (values ('rejected'), ('cancelled')) as i (item)
    group by a.siren, a.period, i.item
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
