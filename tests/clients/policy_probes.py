"""What an authority asks to learn of the others.

`{own}` is its SIREN, `{other}` that of another one. In the year 2023 its own rows do no harm, and
those of a third authority break what touches them: an act whose number is no number, one whose
number is no pattern, a declared zero, a declared number that overflows.
"""

# A text that is a number on own rows, and none on rows of others.
NUMBER = "cast(case when siren = '{own}' then '1' else act_id end as bigint)"
# One on own rows, zero on rows of others.
ONE = "(case when siren = '{own}' then 1 else 0 end)"

# Probes that tell an analyst more than an authority, or fail for one.
VALUES = {
    "direct": "select * from core.acts order by act_id",
    "alias": "select a.siren, count(*) from core.acts as a group by a.siren",
    "self_join": "select count(*) from core.acts a join core.acts b on a.siren <> b.siren",
    "join": "select a.act_id, r.value from core.acts a join core.reported r on a.period = r.period "
    "where a.period = '2023' order by 1, 2",
    "scalar_subquery": "select (select max(value) from core.reported where period = "
    "'2023') as most",
    "exists": "select count(*) from (values (1)) as one (n) "
    "where exists (select 1 from core.acts where act_id = 'canari')",
    "in": "select count(*) from (values ('canari')) as one (n) where n in (select act_id "
    "from core.acts)",
    "not_in": "select count(*) from (values ('canari')) as one (n) "
    "where n not in (select act_id from core.acts)",
    "not_exists": "select count(*) from (values (1)) as one (n) "
    "where not exists (select 1 from core.acts where siren <> '{own}')",
    "lateral": "select y.siren, l.act_id from core.authority_years y, "
    "lateral (select act_id from core.acts a where a.siren = y.siren) l where y.period = '2023' "
    "order by 1, 2",
    "cte": "with a as (select * from core.acts) select count(*) from a where siren <> '{own}'",
    "union": "select siren from core.acts union select siren from core.bids order by 1",
    "except": "select act_id from core.acts except select act_id from core.acts where "
    "siren = '{own}'",
    "intersect": "select siren from core.acts intersect select '{other}'",
    "window": "select act_id, row_number() over (order by act_id) as place, "
    "count(*) over () as all_rows, lag(act_id) over (order by act_id desc) as before "
    "from core.acts where period = '2023' order by 1",
    "view_over_view": "select * from indicator.act_transmission_rate order by siren, period",
    "cube": "select * from cube.acts order by siren, period, nature_code, subject_level2_code",
    "count": "select count(*) from core.acts",
    "count_of_column": "select count(acknowledged_date), min(act_id), max(act_id) from core.acts",
    "distinct": "select distinct siren from core.reported order by 1",
    "other_named": "select * from core.acts where siren = '{other}'",
    "own_excluded": "select * from core.acts where siren <> '{own}' order by act_id",
    "grouping_sets": "select siren, period, count(*) from core.acts group by rollup "
    "(siren, period) "
    "order by 1, 2",
    "having": "select siren from core.acts group by siren having count(*) > 0 order by 1",
    "string_agg": "select string_agg(act_id, ',' order by act_id) from core.acts where "
    "period = '2023'",
    "approximate": "select approx_distinct(siren) from core.acts",
    "cast_error": "select act_id from core.acts where period = '2023' and cast(act_id as "
    "bigint) > 0 "
    "order by 1",
    "cast_error_in_case": f"select max({NUMBER}) from core.acts",
    "order_by_error": "select act_id from core.acts where period = '2023' "
    "order by cast(act_id as bigint)",
    "order_by_error_and_offset": "select act_id from core.acts where period = '2023' "
    "order by cast(act_id as bigint) offset 1",
    "division_by_zero": f"select count(*) from core.acts where 1 / {ONE} = 1",
    "division_by_value": "select 8 / value as part from core.reported where period = "
    "'2023' order by 1",
    "division_in_a_group": f"select count(*) from core.acts group by 1 / {ONE}",
    "division_in_having": f"select siren from core.acts group by siren having 1 / {ONE} = 1",
    "overflow": "select value * 9300000000000 as big from core.reported where period = "
    "'2023' order by 1",
    "modulo": f"select count(*) from core.acts where 7 % {ONE} = 0",
    "regex_error": "select act_id from core.acts "
    "where period = '2023' and regexp_like('canari', act_id) order by 1",
    "like": "select act_id from core.acts where act_id like '%anari%'",
    "array_index": "select (make_array(1, 2, 3, 4))[value] as one from core.reported "
    "where period = '2023' order by 1",
    "case_order": "select value from core.reported where period = '2023' "
    "and case when value = 0 then 1 / value = 1 else true end order by 1",
    "coalesce_order": "select act_id from core.acts "
    f"where coalesce(nullif(siren, '{{other}}'), cast(1 / {ONE} as varchar)) > '0' "
    f"and cast(1 / {ONE} as bigint) = 1 order by 1",
    "nullif": f"select count(*) from core.acts where nullif(1 / {ONE}, 2) = 1",
    "join_key": "select count(*) from core.acts a join core.reported r "
    "on cast(a.act_id as bigint) = r.value where a.period = '2023'",
    "join_key_of_constants": "select count(*) from core.acts a "
    f"join (values (1)) as one (n) on 1 / {ONE} = one.n",
    "semi_join_key": "select count(*) from (values (1)) as one (n) "
    f"where n in (select 1 / {ONE} from core.acts)",
    "outer_join": "select count(*) from core.reported r left join core.acts a "
    f"on r.siren = a.siren and 1 / (case when a.siren = '{{own}}' then 1 else 0 end) = 1",
    "top_k": "select act_id from core.acts order by act_id desc limit 1",
    "top_k_error": f"select act_id from core.acts order by 1 / {ONE}, act_id limit 1",
    "limit_in_subquery": "select count(*) from (select act_id from core.acts limit 60)",
    "limit_without_order": f"select 1 / {ONE} as one from core.acts limit 1000",
    "filter_clause": f"select sum(1) filter (where 1 / {ONE} = 1) from core.acts",
    "error_in_indicator": "select 1 / (case when siren = '{own}' then 1 else 0 end) as one "
    "from indicator.act_transmission_rate where denominator > 0",
    "error_in_cube": f"select sum(1 / {ONE}) from cube.acts",
}

# Probes of what there is and how it is read: nothing in them may differ.
METADATA = {
    "limit_0": "select * from core.acts limit 0",
    "tables": "select table_schema, table_name, table_type from information_schema.tables "
    "order by 1, 2",
    "columns": "select table_schema, table_name, column_name, data_type from "
    "information_schema.columns "
    "where table_schema <> 'information_schema' order by 1, 2, ordinal_position",
    "definitions": "select * from information_schema.views order by 1, 2, 3",
    "schemata": "select schema_name from information_schema.schemata order by 1",
    "classes": "select relname, relkind, reltuples, relpages from pg_catalog.pg_class "
    "order by 1, 2",
    "statistics": "select * from pg_catalog.pg_stats",
    "attributes": "select attname, atttypid, attnum from pg_catalog.pg_attribute order by 1, 2, 3",
    "namespaces": "select nspname from pg_catalog.pg_namespace order by 1",
    "size": "select pg_relation_size('core.acts')",
    "indicators": "select * from catalog.indicators order by 1, 2",
    "functions": "select name, kind, signature from catalog.functions order by 1, 2, 3",
    "explain": "explain select * from core.acts",
    "explain_of_a_filter": f"explain select count(*) from core.acts where {NUMBER} > 0",
    "explain_of_a_sort": "explain select act_id from core.acts order by act_id limit 1",
    "explain_of_a_count": "explain select count(*) from core.acts",
    "explain_of_a_join": "explain select a.act_id from core.acts a join core.reported r on "
    "a.siren = r.siren",
    "explain_of_a_view": "explain select * from indicator.act_transmission_rate where "
    "siren = '{other}'",
    "explain_as_tree": "explain format tree select * from core.acts",
    "explain_as_graph": "explain format pgjson select * from core.acts",
    "explain_analyze": "explain analyze select * from core.acts",
    "explain_verbose": "explain verbose select * from core.acts",
    "raw_layer": "select * from lake.acts",
    "staging_layer": "select * from staging.acts",
    "sources": "select * from ops.sources",
    "tokens": "select * from ops.tokens",
    "peers": "select * from peer.rates",
    "ranking": "select * from assessment.ranking",
    "costs": "select * from core.cost_lines",
    "opinions": "select * from cube.opinions",
    "scenario": "select * from scenario('bilan-2013')",
    "absent_column": "select nothing from core.acts",
    "absent_table": "select * from core.nothing",
    "recursive_cte": "with recursive n as (select 1 as k union all "
    f"select n.k + 1 from n join core.acts a on {NUMBER} = n.k where a.period = '2023' and "
    f"n.k < 3) "
    "select count(*) from n",
    "own_error": "select max(cast(act_id as bigint)) from core.acts",
    "own_division": "select sum(1 / (value - value)) from core.reported",
}

PROBES = VALUES | METADATA

# Views whose rows speak of all authorities by their definition, and the part that does not.
OF_ITSELF = {
    # Who uses a service pays an equal part of what it costs all: `net` counts the others.
    ("indicator", "pooling_savings"): "item <> 'net'",
    # A service that nobody used in the twelve months has no row: one with zero counts the others.
    ("indicator", "service_users"): "numerator > 0",
}
