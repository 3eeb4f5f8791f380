-- id: cube.bids
-- title: Plis par mode de remise / Bids by the way they came
-- unit: count
-- grain: siren, period
-- owner: siren
-- built_from: bids=period
-- In time: electronic bids that are not late. Late ones are electronic bids too.
select
    siren,
    period,
    sum(case when is_electronic and not is_late then 1 else 0 end) as in_time_count,
    sum(case when is_electronic then 1 else 0 end) as electronic_count,
    sum(case when is_electronic then 0 else 1 end) as paper_count
from core.bids
group by siren, period
