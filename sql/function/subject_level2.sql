-- id: subject_level2
-- title: Matière d'un acte au deuxième niveau / Subject of an act at level 2
-- unit: code
-- grain: scalar
-- example: subject_level2('7.10.3') = '7.10'
create function subject_level2(subject varchar) returns varchar
language sql immutable
return case when split_part($subject, '.', 2) = '' then $subject
            else split_part($subject, '.', 1) || '.' || split_part($subject, '.', 2) end
