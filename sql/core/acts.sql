-- id: core.acts
-- title: Actes, avec ce qui compte comme télétransmis / Acts, with what counts as transmitted
-- unit: row
-- grain: act_id
-- owner: siren
-- Transmitted: status 4 (acknowledgement received) or more, acknowledged, not cancelled.
-- An act that the platform's export does not have is put together from its messages: it is known
-- by its transmission (1-1) or its acknowledgement (1-2, which gives status 4), and cancelled by
-- the acknowledgement of its cancellation (6-2). The year of an act is in its identifier, so all
-- its rows are of one period, and one period is read for one.
with messages as (
    select
        act_id,
        period,
        max(siren) as siren,
        coalesce(
            max(case when message_code = '1-1' then nature_code end), max(nature_code)
        ) as nature_code,
        coalesce(
            max(case when message_code = '1-1' then subject_code end), max(subject_code)
        ) as subject_code,
        max(decision_date) as decision_date,
        max(case when message_code = '1-2' then message_date end) as acknowledged_date,
        max(case when message_code = '1-2' then 4 else 3 end) as status_code,
        max(case when message_code = '6-2' then 1 else 0 end) = 1 as is_cancelled
    from staging.act_messages
    group by act_id, period
    having max(case when message_code in ('1-1', '1-2') then 1 else 0 end) = 1
),

acts as (
    select
        act_id,
        siren,
        period,
        nature_code,
        subject_code,
        decision_date,
        acknowledged_date,
        status_code,
        is_cancelled
    from staging.acts
    union all
    select
        m.act_id,
        m.siren,
        m.period,
        m.nature_code,
        m.subject_code,
        m.decision_date,
        m.acknowledged_date,
        m.status_code,
        m.is_cancelled
    from messages as m
    left join staging.acts as a on m.act_id = a.act_id and m.period = a.period
    where a.act_id is null
)

select
    act_id,
    siren,
    period,
    nature_code,
    subject_code,
    subject_level2(subject_code) as subject_level2_code,
    decision_date,
    acknowledged_date,
    status_code >= 4 and acknowledged_date is not null and not is_cancelled as is_transmitted
from acts
