-- id: core.classifications
-- title: Matières des actes, avec leur période de validité / Subjects of acts, with when they hold
-- unit: row
-- grain: department_code, classification_date, subject_code
-- A classification holds from its date until the département's next one, that day excluded.
with dates as (
    select distinct department_code, classification_date from staging.classifications
),

periods as (
    select
        department_code,
        classification_date,
        lead(classification_date) over (
            partition by department_code order by classification_date
        ) as replaced_date
    from dates
)

select
    c.department_code,
    c.classification_date,
    c.subject_code,
    subject_level2(c.subject_code) as subject_level2_code,
    c.name_fr,
    p.replaced_date
from staging.classifications as c
inner join periods as p
    on c.department_code = p.department_code and c.classification_date = p.classification_date
