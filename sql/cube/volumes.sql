-- id: cube.volumes
-- title: Volumes par procédure : électroniques, et en tout / Volumes by process: electronic, and in all
-- unit: count
-- grain: siren, period, process
-- owner: siren
-- built_from: act_messages=period, acts=period, authorities=all, bids=period, consultations=period, flows=all, reported=period
-- Electronic: acts transmitted, tenders online, electronic bids in time, flows acknowledged. In
-- all: as the authority reports (of bids, as the platform counts them where paper was entered).
-- A total below the electronic ones is wrong: these are then all that is known. Only years in
-- which the platform has something of the process. Each source is read once, then all are summed.
-- An acknowledgement of a flow may be of another year than the flow.
with facts as (
    select siren, period, 'act' as process, 1 as electronic_count, null as entered_count
    from core.acts where is_transmitted
    union all
    select siren, period, 'consultation' as process, 1 as electronic_count, null as entered_count
    from core.consultations
    union all
    select
        siren,
        period,
        'bid' as process,
        sum(case when is_electronic and not is_late then 1 else 0 end) as electronic_count,
        case when bool_or(not is_electronic) then count(*) end as entered_count
    from core.bids group by siren, period
    union all
    select siren, period, 'flow' as process, 1 as electronic_count, null as entered_count
    from core.flows where is_acknowledged
),

rows_of_units as (
    select siren, period, process, electronic_count, entered_count,
        cast(null as bigint) as reported_count, cast(null as varchar) as status, cast(null as varchar) as stratum_code
    from facts
    union all
    -- More than a billion is no count of anything here.
    select siren, period,
        case variable when 'ACT_TOT' then 'act' when 'CONS_TOT' then 'consultation'
            when 'PLI_TOT' then 'bid' else 'flow' end as process,
        0, null, case when value <= 1000000000 then value end,
        case when value > 1000000000 then 'not_reported' else status end, null
    from core.reported
    where item = 'all' and variable in ('ACT_TOT', 'CONS_TOT', 'PLI_TOT', 'PES_TOT')
    union all
    select y.siren, y.period, p.process, 0, null, null, null, y.stratum_code
    from core.authority_years as y
    cross join (values ('act'), ('bid'), ('consultation'), ('flow')) as p (process)
),

units as (
    select
        siren,
        period,
        process,
        coalesce(max(stratum_code), 'all') as stratum_code,
        sum(electronic_count) as electronic_count,
        coalesce(max(entered_count), max(reported_count)) as total_count,
        case when max(entered_count) is not null then 'observed' else coalesce(max(status), 'not_reported') end as status
    from rows_of_units
    group by siren, period, process
),

known as (
    select *, sum(electronic_count) over (partition by period, process) as platform_count from units
)

select
    siren,
    period,
    process,
    stratum_code,
    electronic_count,
    case when status = 'observed' then greatest(electronic_count, total_count) end as total_count,
    status
from known
where platform_count > 0
