-- id: staging.downloads
-- title: Retraits de dossiers de consultation / Tender documents downloaded
-- unit: row
-- grain: download_id
select
    download_id,
    consultation_id,
    siren,
    downloaded_date,
    is_anonymous,
    company_siren,
    period
from lake.downloads
