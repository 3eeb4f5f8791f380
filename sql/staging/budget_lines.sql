-- id: staging.budget_lines
-- title: Lignes des documents budgétaires / Lines of budget documents
-- unit: row
-- grain: siren, source_file, source_line
select
    siren,
    siret,
    authority_name,
    year,
    document,
    document_number,
    chapter_code,
    nature_code,
    nature_name,
    function_code,
    operation as operation_code,
    section,
    operation_kind,
    side,
    actual_eur,
    previous_budget_eur,
    carried_previous_eur,
    proposed_eur,
    voted_eur,
    open_credit_eur,
    carried_eur,
    speciality,
    period,
    source_file,
    source_line
from lake.budget_lines
