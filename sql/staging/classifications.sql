-- id: staging.classifications
-- title: Classifications des actes reçues des préfectures / Classifications received from préfectures
-- unit: row
-- grain: department_code, classification_date, subject_code
select
    department_code,
    classification_date,
    subject_code,
    name_fr
from lake.classifications
