-- id: core.contracts
-- title: Marchés et concessions, un par contrat / Contracts and concessions, one row each
-- unit: row
-- grain: buyer_siren, buyer_siret, contract_id, sequence
-- owner: buyer_siren
-- Rows of one buyer (SIRET), number, amount and object are one contract, whoever its suppliers
-- are: they are merged, and its amount counts once. The same number with another amount or object
-- is another lot, told by `sequence` (staging.contracts says how). The rest is what the row
-- notified first says. Amounts of these rows may be summed; those of rows as declared may not.
-- Places: a code is looked up in the official geography of its kind, then among postal codes; one
-- that is said to be postal the other way round, and then for its département only, as the postal
-- code of a CEDEX may be the code of another commune. What neither knows is unknown.
with lots as (
    select
        buyer_siren,
        buyer_id,
        contract_id,
        sequence,
        first_value(buyer_siret order by row_of_lot) as buyer_siret,
        first_value(buyer_name order by row_of_lot) as buyer_name,
        first_value(notification_date order by row_of_lot) as notification_date,
        first_value(period order by row_of_lot) as period,
        first_value(amount_eur order by row_of_lot) as amount_eur,
        first_value(object order by row_of_lot) as object,
        first_value(kind_code order by row_of_lot) as kind_code,
        first_value(nature order by row_of_lot) as nature,
        first_value(cpv_code order by row_of_lot) as cpv_code,
        first_value(procedure order by row_of_lot) as procedure,
        first_value(place_code order by row_of_lot) as place_code,
        first_value(place_kind order by row_of_lot) as place_kind,
        first_value(duration_months order by row_of_lot) as duration_months,
        first_value(published_date order by row_of_lot) as published_date,
        first_value(bid_count order by row_of_lot) as bid_count,
        array_distinct(string_to_array(string_agg(suppliers, ' '), ' ')) as suppliers
    from staging.contracts
    group by buyer_siren, buyer_id, contract_id, sequence
)

select
    l.buyer_siren,
    l.buyer_siret,
    l.contract_id,
    l.sequence,
    l.notification_date,
    l.amount_eur,
    l.object,
    l.period,
    l.buyer_name,
    l.kind_code,
    l.nature,
    l.cpv_code,
    l.procedure,
    l.place_code,
    l.place_kind,
    case
        when g.code is null or (l.place_kind = 'Code postal' and p.code is not null) then p.department_code
        else g.department_code
    end as place_department_code,
    case
        when g.code is null or l.place_kind = 'Code postal' then p.commune_code
        else g.commune_code
    end as place_commune_code,
    l.duration_months,
    l.published_date,
    l.bid_count,
    cast(coalesce(array_length(l.suppliers), 0) as bigint) as supplier_count
from lots as l
left join staging.places as g
    on g.scheme = case
        when l.place_kind in ('Code commune', 'Code postal') or l.place_kind is null then 'commune'
        when l.place_kind in ('Code arrondissement', 'Code canton', 'Code département') then 'departement'
    end
    and g.code = case
        when l.place_kind in ('Code arrondissement', 'Code canton') then left(l.place_code, 2)
        else l.place_code
    end
left join staging.places as p
    on p.scheme = 'postal' and l.place_code = p.code
    and (l.place_kind in ('Code commune', 'Code postal') or l.place_kind is null)
