-- id: staging.sources
-- title: Fichiers livrés et ce qui en a été retenu / Files delivered, and what was kept of them
-- unit: row
-- grain: dataset, source_file
select
    dataset,
    source_file,
    read_count,
    accepted_count,
    rejected_count,
    warning_count,
    run_date
from ops.sources
