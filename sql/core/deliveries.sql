-- id: core.deliveries
-- title: Collectivités dont chaque source parle / Authorities of which each source speaks
-- unit: row
-- grain: dataset, siren
-- owner: siren
-- Never which rows: only that there are some.
select distinct 'accounts' as dataset, siren from staging.accounts
union all
select distinct 'activations', siren from staging.activations
union all
select distinct 'act_messages', siren from staging.act_messages
union all
select distinct 'acts', siren from staging.acts
union all
select distinct 'answers', siren from staging.answers
union all
select distinct 'bids', siren from staging.bids
union all
select distinct 'budget_lines', siren from staging.budget_lines
union all
select distinct 'consultations', siren from staging.consultations
union all
select distinct 'contracts', buyer_siren from staging.contracts
union all
select distinct 'deliberations', siren from staging.deliberations
union all
select distinct 'flows', siren from staging.flows
union all
select distinct 'memberships', siren from staging.memberships
union all
select distinct 'publications', siren from staging.publications
union all
select distinct 'reported', siren from staging.reported
union all
select distinct 'sessions', siren from staging.sessions
