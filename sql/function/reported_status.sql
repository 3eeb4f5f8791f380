-- id: reported_status
-- title: Statut d'un taux dont le dénominateur est déclaré / Status of a rate whose denominator is reported
-- unit: code
-- grain: scalar
-- example: reported_status('answered', 12) = 'observed'
create function reported_status(answer varchar, value bigint) returns varchar
language sql immutable
return case when $answer = 'answered' and $value is not null then 'observed'
            when $answer = 'not_concerned' then 'not_concerned'
            else 'not_reported' end
