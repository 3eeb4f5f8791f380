-- id: core.downloads
-- title: Retraits de dossiers de consultation / Tender documents downloaded
-- unit: row
-- grain: download_id
-- owner: siren
-- Which company downloaded is not shown: it is data of firms.
select
    download_id,
    consultation_id,
    siren,
    period,
    downloaded_date,
    not is_anonymous as is_identified
from staging.downloads
