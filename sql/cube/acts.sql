-- id: cube.acts
-- title: Actes par nature et matière / Acts by nature and subject
-- unit: count
-- grain: siren, period, nature_code, subject_level2_code
-- owner: siren
-- built_from: act_messages=period, acts=period
-- All acts of the platform, and those of them that count as transmitted.
select
    siren,
    period,
    nature_code,
    subject_level2_code,
    count(*) as act_count,
    sum(case when is_transmitted then 1 else 0 end) as transmitted_count
from core.acts
group by siren, period, nature_code, subject_level2_code
