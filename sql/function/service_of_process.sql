-- id: service_of_process
-- title: Service mutualisé d'une procédure / Shared service of a process
-- unit: code
-- grain: scalar
-- example: service_of_process('consultation') = 'sdm'
create function service_of_process(process varchar) returns varchar
language sql immutable
return case $process when 'act' then 'actes' when 'consultation' then 'sdm' when 'flow' then 'pes' end
