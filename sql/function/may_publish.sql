-- id: may_publish
-- title: Secret statistique, règle primaire (classe D2) / Statistical confidentiality, primary rule (class D2)
-- unit: flag
-- grain: scalar
-- example: may_publish(5, 85, 100) and not may_publish(4, 1, 4)
-- At least 5 contributors, none of them above 85 % of the total.
create function may_publish(contributors bigint, largest bigint, total bigint) returns boolean
language sql immutable
return $contributors >= 5 and $largest * 100 <= $total * 85
