-- id: staging.epci_members
-- title: Communes membres des EPCI par édition / Communes of each grouping by edition
-- unit: row
-- grain: epci_siren, insee_code, edition_date
with pairs as (
    select
        siren as epci_siren,
        edition_date,
        unnest(string_to_array(members, ' ')) as pair
    from lake.authorities
    where members is not null
)

select
    epci_siren,
    split_part(pair, '/', 1) as insee_code,
    split_part(pair, '/', 2) as siren,
    edition_date
from pairs
