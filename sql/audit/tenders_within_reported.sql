-- id: AUD-02
-- title: Consultations publiées au plus égales au total déclaré (CONS_TOT) / Tenders published at most the total reported (CONS_TOT)
-- level: warning
-- Reported against observed, summed over the authorities that break it.
with tenders as (
    select
        siren,
        period,
        count(*) as tender_count
    from core.consultations
    group by siren, period
)

select
    'reported' as table_name,
    r.period,
    concat(sum(t.tender_count), ' tenders of ', count(*), ' authorities') as measured,
    concat('at most ', sum(r.value), ' reported') as expected
from core.reported as r
inner join tenders as t on r.siren = t.siren and r.period = t.period
where
    r.variable = 'CONS_TOT' and r.item = 'all' and r.status = 'observed' and t.tender_count > r.value
group by r.period
