-- id: cube.uses
-- title: Jours d'usage de chaque service / Days on which each service was used
-- unit: row
-- grain: siren, service_code, day
-- owner: siren
-- An act transmitted, a tender published, a flow sent; of the other services a session.
select siren, 'actes' as service_code, decision_date as day from core.acts where is_transmitted
union
select siren, 'sdm', published_date from core.consultations
union
select siren, 'pes', flow_date from core.flows
union
select siren, service_code, session_date from core.sessions where service_code not in ('actes', 'sdm', 'pes')
