-- id: A10
-- title: Structure des actes par matière / Acts by subject
-- unit: ratio
-- grain: siren, period, item
-- version: 1, from 2007-01-01
-- numerator: transmitted acts of the subject (level 2, such as 7.10) decided in the year
-- denominator: all transmitted acts of the authority decided in the year
-- disclosure: D0
-- Levels below the second differ between préfectures and are not compared. A subject without
-- an act has no row.
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
