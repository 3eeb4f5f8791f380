-- id: core.flows
-- title: Flux Hélios envoyés, avec leur acquittement / Accounting flows sent, with their acknowledgement
-- unit: row
-- grain: siren, flow_id
-- owner: siren
-- Fully dematerialised: signed, with its attachments, and no paper.
with acknowledgements as (
    select siren, flow_id, flow_date, is_acknowledged
    from staging.flows
    where message_code = 'acquit'
)

select
    f.siren,
    f.flow_id,
    f.period,
    f.flow_date,
    f.fiscal_year,
    f.domain_code,
    f.batch_count,
    f.piece_count,
    f.line_count,
    f.attachment_count,
    f.amount_eur,
    f.is_signed,
    a.flow_date as acknowledged_date,
    coalesce(a.is_acknowledged, false) as is_acknowledged,
    coalesce(f.is_signed and f.is_dematerialised and f.attachment_count > 0, false)
        as is_fully_dematerialised
from staging.flows as f
left join acknowledgements as a on f.siren = a.siren and f.flow_id = a.flow_id
where f.message_code = 'aller'
