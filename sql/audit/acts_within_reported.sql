-- id: AUD-01
-- title: Actes télétransmis au plus égaux au total déclaré (ACT_TOT) / Acts transmitted at most the total reported (ACT_TOT)
-- level: warning
-- Reported against observed: an authority cannot have sent more acts than it took. Summed over the
-- authorities that break it.
with acts as (
    select
        siren,
        period,
        sum(case when is_transmitted then 1 else 0 end) as act_count
    from core.acts
    group by siren, period
)

select
    'reported' as table_name,
    r.period,
    concat(sum(a.act_count), ' acts of ', count(*), ' authorities') as measured,
    concat('at most ', sum(r.value), ' reported') as expected
from core.reported as r
inner join acts as a on r.siren = a.siren and r.period = a.period
where r.variable = 'ACT_TOT' and r.item = 'all' and r.status = 'observed' and a.act_count > r.value
group by r.period
