-- id: cube.consultations
-- title: Consultations publiées / Published tenders
-- unit: count
-- grain: siren, period
-- owner: siren
-- built_from: consultations=period
-- Those that are closed depend on the day on which one asks: they are no part of this.
select
    siren,
    period,
    count(*) as tender_count
from core.consultations
group by siren, period
