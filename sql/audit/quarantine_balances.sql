-- id: AUD-06
-- title: Chaque ligne rejetée est en quarantaine / Every rejected row is in quarantine
-- level: blocking
-- An accounting identity: read = accepted + rejected, and the rejected rows are there.
with kept as (
    select
        dataset,
        source_file,
        count(*) as row_count
    from ops.quarantine
    group by dataset, source_file
)

select
    s.dataset as table_name,
    'all' as period,
    concat(
        s.source_file, ': ', s.accepted_count, ' accepted, ', s.rejected_count, ' rejected, ',
        coalesce(k.row_count, 0), ' in quarantine'
    ) as measured,
    concat(s.read_count, ' read, ', s.rejected_count, ' in quarantine') as expected
from ops.sources as s
left join kept as k on s.dataset = k.dataset and s.source_file = k.source_file
where
    s.read_count <> s.accepted_count + s.rejected_count
    or s.rejected_count <> coalesce(k.row_count, 0)
