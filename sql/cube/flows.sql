-- id: cube.flows
-- title: Flux comptables par trimestre / Accounting flows by quarter
-- unit: count
-- grain: siren, period, quarter
-- owner: siren
-- built_from: flows=all
-- Flows sent in the quarter: those accepted; of these, those of which it is known whether they are
-- signed, and those that are. An acknowledgement may be of another year than the flow.
select
    siren,
    period,
    period_of_date(flow_date, 'quarter') as quarter,
    sum(case when is_acknowledged then 1 else 0 end) as acknowledged_count,
    sum(case when is_acknowledged and is_signed is not null then 1 else 0 end) as known_count,
    sum(case when is_acknowledged and is_signed then 1 else 0 end) as signed_count
from core.flows
group by siren, period, period_of_date(flow_date, 'quarter')
