-- id: core.reported
-- title: Chiffres déclarés et leur statut / Reported figures and their status
-- unit: row
-- grain: siren, period, variable, item
-- owner: siren
select
    siren,
    period,
    variable,
    item,
    value,
    reported_status(answer, value) as status,
    wave
from staging.reported
