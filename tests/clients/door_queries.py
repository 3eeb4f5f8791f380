"""The queries that are asked at every door: each has one answer, and but for views one order.

Names are for people who read the report. A query is a text, or a text and the values of $1, $2, ...
"""

import datetime
import decimal

from lake import all_views

BUYER = "242900074"

# In a debug build each of these computes for seconds to minutes: of them the columns alone are asked.
HEAVY = {
    ("assessment", "benchmark"),
    ("assessment", "composite_index"),
    ("assessment", "gap"),
    ("assessment", "ranking"),
    ("assessment", "trend"),
    ("peer", "rates"),
    ("published", "rates_by_family"),
}

# A type: how a value is written, and values; NULL is added.
TYPES = {
    "int8": ("cast({} as tinyint)", "-128", "0", "127"),
    "int16": ("cast({} as smallint)", "-32768", "0", "32767"),
    "int32": ("cast({} as int)", "-2147483648", "0", "2147483647"),
    "int64": ("cast('{}' as bigint)", "-9223372036854775808", "0", "9223372036854775807"),
    "uint8": ("cast({} as tinyint unsigned)", "0", "128", "255"),
    "uint16": ("cast({} as smallint unsigned)", "0", "32768", "65535"),
    "uint32": ("cast({} as int unsigned)", "0", "2147483648", "4294967295"),
    "uint64": ("cast('{}' as bigint unsigned)", "0", "9223372036854775808", "18446744073709551615"),
    "float16": ("arrow_cast({}, 'Float16')", "-1.5", "0.0", "65504.0"),
    "float32": ("cast('{}' as real)", "0.1", "-0", "3.4028235e38", "1e-45", "16777216", "1e6", "nan", "inf"),
    "float64": ("cast('{}' as double)", "0.1", "-0", "1.7976931348623157e308", "5e-324", "1e15", "1e16"),
    "float64_not_finite": ("cast('{}' as double)", "nan", "inf", "-inf", "1"),
    "float64_digits": ("cast({} as double)", "1.0 / 3", "2.0 / 3", "1e21", "123456789.123456789", "-1e-7"),
    "decimal_2": ("cast('{}' as decimal(18, 2))", "0.00", "-0.01", "9999999999999999.99", "10000", "0.10"),
    "decimal_0": ("cast('{}' as decimal(38, 0))", "0", "-1", "99999999999999999999999999999999999999"),
    "decimal_38": ("cast('{}' as decimal(38, 38))", "0.00000000000000000000000000000000000001", "-0.5"),
    "decimal_10": ("cast('{}' as decimal(30, 10))", "12345678901234567890.0123456789", "0.0001", "10000"),
    "decimal_32": ("arrow_cast({}, 'Decimal32(5, 2)')", "1.5", "-999.99"),
    "decimal_64": ("arrow_cast({}, 'Decimal64(12, 4)')", "1.5", "-99.9999"),
    "decimal_256": ("cast('{}' as decimal(50, 3))", "1.5", "-12345678901234567890123456789012345678901.234"),
    "bool": ("{}", "true", "false"),
    "date": ("date '{}'", "0001-01-01", "1582-10-15", "1969-12-31", "2000-02-29", "9999-12-31"),
    "date64": ("arrow_cast(date '{}', 'Date64')", "1969-12-31", "2000-02-29"),
    "timestamp_ns": ("timestamp '{}'", "1970-01-01 00:00:00", "2024-02-29 12:34:56.789012345", "1815-06-18 11:35:00"),
    "timestamp_us": (
        "arrow_cast('{}', 'Timestamp(Microsecond, None)')",
        "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999",
    ),
    "timestamp_s": ("arrow_cast('{}', 'Timestamp(Second, None)')", "1900-01-01 00:00:01", "2024-06-30 23:59:59"),
    "timestamp_utc": ("arrow_cast('{}', 'Timestamp(Millisecond, Some(\"UTC\"))')", "2024-03-31 01:30:00.25Z"),
    "timestamp_zone": (
        "arrow_cast('{}', 'Timestamp(Microsecond, Some(\"Europe/Paris\"))')",
        "2024-03-31T00:59:59Z", "2024-03-31T01:00:00Z", "2024-10-27T00:30:00Z", "2024-10-27T01:30:00Z",
    ),
    "time": ("time '{}'", "00:00:00", "12:34:56.5", "23:59:59.999999"),
    "interval": (
        "interval '{}'",
        "1 month 2 days 3 hours", "-1 month", "14 months", "-2 days -3 hours", "1.5 seconds", "0 days",
    ),
    "interval_mixed": ("interval '{}'", "1 month -2 days", "1 day -1 second", "-13 months"),
    "duration": ("timestamp '2024-01-02 00:00:00' - timestamp '{}'", "2024-01-01 12:00:00.5", "2024-01-03 00:00:01"),
    "binary": ("decode('{}', 'hex')", "00ff", "cafe", "5c27"),
    "binary_empty": ("cast('{}' as bytea)", "", "é"),
    "binary_fixed": ("arrow_cast(decode('{}', 'hex'), 'FixedSizeBinary(2)')", "00ff", "cafe"),
    "text": ("'{}'", "é", "", " ", "O''Brien", "Crac''h", "null", "NULL", "œuvre ÿ €", "日本", "👍🏽", "e\u0301"),
    "text_of_signs": ("'{}'", 'a "quoted" word', "a,b;c", "a\\b", "a\tb", "a\nb", "a\r\nb", "{}", "%s %% $1", "\\N"),
    "text_view": ("arrow_cast('{}', 'Utf8View')", "a", "", "longer than the twelve bytes of a view"),
    "text_large": ("arrow_cast('{}', 'LargeUtf8')", "a", ""),
    "text_dictionary": ("arrow_cast('{}', 'Dictionary(Int32, Utf8)')", "a", "b", "a"),
    "list_of_int": ("{}", "[1, 2, null]", "[null]", "cast([] as bigint[])"),
    "list_of_text": ("array{}", "['a', null, '']", "['null', 'a,b', 'a b', '{{}}', 'é', 'say \"\"', 'a\\b']"),
    "list_of_date": ("array[{}]", "date '2024-02-29', null", "date '1969-12-31'"),
    "list_of_decimal": ("array[cast({} as decimal(10, 2))]", "1.5", "-0.01"),
    "list_of_bool": ("array[{}]", "true, false, null"),
    "list_of_double": ("array[{}]", "0.1e0, -1e300, null"),
    "list_large": ("arrow_cast({}, 'LargeList(Int64)')", "[1, 2]"),
    "list_fixed": ("arrow_cast({}, 'FixedSizeList(2, Int64)')", "[1, 2]", "[3, null]"),
    "list_of_lists": ("{}", "[[1], [2, 3]]"),
    "struct": ("named_struct('a', {}, 'b', 'é')", "1", "2"),
    "map": ("map(['a', 'b'], [{}])", "1, 2", "3, 4"),
}

NAMED = {
    "no_rows": "select siren, start_date from core.memberships where false",
    "null_alone": "select null as a, 1 as b",
    "one_column_of_null_and_empty": "select a from (values ('x'), (null), ('')) as t (a) order by a nulls last",
    "names_of_columns": 'select 1 as "Été", 2 as "with space", 3 as "quote""d", 4 as "a,b", 5 as "select"',
    "many_columns": "select " + ", ".join(f"{n} as c{n}" for n in range(200)),
    "many_rows": "select value, value % 7 as rest from generate_series(1, 5000) as t order by value desc",
    "long_text": "select repeat('é', 100000) as a",
    "values": "select * from (values (1, 'a'), (2, null), (null, 'c')) as t (a, b) order by a nulls first",
    "comments": "-- one\nselect /* two */ 1 as a -- three",
    "semicolon": "select 1 as a;",
    "count": "select count(*) as n, count(end_date) as ended, count(distinct start_date) as days from core.memberships",
    "aggregates_of_nothing": "select count(*) as n, sum(lot_count) as s, avg(lot_count) as a, max(siren) as m from core.consultations where siren = ''",
    "sums": "select sum(amount_eur) as s, min(amount_eur) as lo, max(amount_eur) as hi, sum(duration_months) as d from core.contracts",
    "average_of_decimal": "select avg(price_mid) as a, avg(per_count) as b from core.cost_lines",
    "average_by_group": "select period, avg(cost_mid_eur) as a, count(*) as n from core.cost_lines group by period order by period",
    "deviation": "select round(stddev(per_count), 9) as s, round(var_pop(per_count), 9) as v from core.cost_lines",
    "median": "select median(lot_count) as m, approx_distinct(siren) > 0 as some from core.consultations",
    "bool_and": "select bool_and(is_closed) as a, bool_or(is_closed) as b from core.consultations",
    "aggregate_filter": "select count(*) filter (where is_electronic) as e, count(*) filter (where not is_electronic) as p from core.bids",
    "string_agg": "select string_agg(siren, ',' order by siren, start_date) as s from core.memberships",
    "array_agg": "select array_agg(start_date order by start_date, siren) as a from core.memberships",
    "array_agg_of_text": "select period, array_agg(distinct nature_code order by nature_code) as a from core.acts group by period order by period",
    "first_value": "select first_value(act_id order by act_id) as f, last_value(act_id order by act_id) as l from core.acts",
    "group_by_two": "select period, nature_code, count(*) as n from core.acts group by period, nature_code order by period, nature_code nulls first",
    "group_by_expression": "select extract(year from decision_date) as y, count(*) as n from core.acts group by 1 order by 1",
    "having": "select siren, count(*) as n from core.acts group by siren having count(*) > 10 order by n desc, siren",
    "rollup": "select period, nature_code, count(*) as n from core.acts group by rollup (period, nature_code) order by 1 nulls last, 2 nulls last, 3",
    "cube": "select process, side, sum(mid) as s from cube.unit_costs group by cube (process, side) order by 1 nulls last, 2 nulls last",
    "grouping_sets": "select process, side, grouping(process) as g, count(*) as n from cube.unit_costs group by grouping sets ((process), (side)) order by 1 nulls last, 2 nulls last",
    "distinct": "select distinct nature_code, is_transmitted from core.acts order by 1 nulls last, 2 nulls last",
    "distinct_on": "select distinct on (siren) siren, act_id from core.acts order by siren, act_id desc",
    "row_number": "select act_id, row_number() over (partition by siren order by act_id) as n from core.acts order by act_id",
    "rank": "select siren, n, rank() over (order by n desc) as r, dense_rank() over (order by n desc) as d from (select siren, count(*) as n from core.acts group by siren) as t order by siren",
    "lag": "select bid_id, lag(submitted_date) over (order by bid_id) as before, lead(is_late, 2) over (order by bid_id) as later from core.bids order by bid_id",
    "running_sum": "select contract_id, buyer_siret, sequence, sum(amount_eur) over (partition by buyer_siren order by buyer_siret, contract_id, sequence) as s from core.contracts order by 1, 2, 3, 4",
    "frame": "select consultation_id, avg(lot_count) over (order by consultation_id rows between 2 preceding and current row) as a from core.consultations order by 1",
    "ntile": "select act_id, ntile(4) over (order by act_id) as q, percent_rank() over (order by act_id) as p from core.acts order by 1",
    "inner_join": "select c.consultation_id, b.bid_id from core.consultations as c join core.bids as b on b.consultation_id = c.consultation_id order by 1, 2",
    "left_join": "select m.siren, m.start_date, a.n from core.memberships as m left join (select siren, count(*) as n from core.acts group by siren) as a on a.siren = m.siren order by 1, 2",
    "full_join": "select a.siren as l, b.siren as r from (select distinct siren from core.acts) as a full join (select distinct siren from core.bids) as b on a.siren = b.siren order by 1 nulls last, 2 nulls last",
    "cross_join": "select a.x, b.y from (values (1), (2), (null)) as a (x) cross join (values ('u'), ('v')) as b (y) order by 1 nulls first, 2",
    "using": "select siren, period, count(*) as n from core.consultations join core.bids using (siren, period) group by siren, period order by 1, 2",
    "join_on_inequality": "select a.x, b.y from (values (1), (2), (3)) as a (x) join (values (1), (2), (3)) as b (y) on a.x < b.y order by 1, 2",
    "self_join": "select a.siren, a.start_date from core.memberships as a join core.memberships as b on a.siren = b.siren and a.start_date = b.start_date order by 1, 2",
    "cte": "with late as (select * from core.bids where is_late), n as (select count(*) as late from late) select n.late, (select count(*) from core.bids) as bids from n",
    "cte_used_twice": "with t as (select period, count(*) as n from core.acts group by period) select a.period, a.n, b.n as before from t as a left join t as b on cast(b.period as int) = cast(a.period as int) - 1 order by 1",
    "union": "select siren from core.bids union select siren from core.memberships order by 1",
    "union_all": "select period, 'act' as what from core.acts union all select period, 'bid' from core.bids order by 1, 2",
    "intersect": "select siren from core.acts intersect select siren from core.bids order by 1",
    "except": "select siren from core.acts except select siren from core.bids order by 1",
    "union_of_types": "select 1 as a union all select 2.5 union all select null order by a nulls last",
    "in_subquery": "select act_id from core.acts where siren in (select siren from core.bids) order by 1",
    "not_exists": "select distinct siren from core.acts as a where not exists (select 1 from core.bids as b where b.siren = a.siren) order by 1",
    "correlated": "select m.siren, (select count(*) from core.acts as a where a.siren = m.siren) as n from core.memberships as m order by 1, 2",
    "scalar_subquery": "select act_id from core.acts where decision_date = (select max(decision_date) from core.acts) order by 1",
    "nulls_first": "select siren, end_date from core.memberships order by end_date nulls first, siren, start_date",
    "nulls_last": "select siren, end_date from core.memberships order by end_date desc nulls last, siren, start_date",
    "order_by_default": "select a from (values (2), (null), (1)) as t (a) order by a",
    "limit_and_offset": "select act_id from core.acts order by act_id limit 7 offset 3",
    "accents": "select distinct name from core.authorities where name like '%é%' order by name limit 40",
    "case": "select act_id, case when is_transmitted then 'oui' when not is_transmitted then 'non' end as c from core.acts order by 1",
    "text_functions": "select upper('é') as u, length('é👍') as n, substr('été', 2) as s, 'a' || 'b' as c, trim('  x ') as t, reverse('abc') as r, strpos('abc', 'c') as p",
    "date_functions": "select date_trunc('month', date '2024-02-29') as m, extract(doy from date '2024-12-31') as d, date '2024-01-31' + interval '1 month' as e",
    "numbers": "select 7 / 2 as a, 7 % 2 as b, 7.0 / 2 as c, round(2.5) as d, power(2, 10) as e, abs(-3) as f, cast(2.5 as int) as g",
    "own_functions": "select period_of_date(date '2024-05-06', 'quarter') as p, population_stratum(3500) as s, safe_ratio(1, 0) as r",
    "coalesce": "select siren, coalesce(end_date, date '9999-12-31') as e, nullif(siren, '') as s from core.memberships order by 1, 2",
    "explain": "explain select 1",
    "information_schema": "select table_schema, table_name from information_schema.tables where table_schema <> 'information_schema' order by 1, 2",
    "catalogue": "select id, version, title_fr, caveat_en, is_current from catalog.indicators order by id, version",
    "text_bound": ("select contract_id, amount_eur from core.contracts where buyer_siren = $1 order by 1, 2", [BUYER]),
    "int_bound": ("select consultation_id from core.consultations where lot_count >= $1 order by 1", [2]),
    "date_bound": ("select act_id from core.acts where decision_date >= $1 order by 1", [datetime.date(2019, 1, 1)]),
    "decimal_bound": ("select contract_id from core.contracts where amount_eur > $1 order by 1", [decimal.Decimal("90000.50")]),
    "bool_bound": ("select bid_id from core.bids where is_electronic = $1 order by 1", [True]),
    "double_bound": ("select item, value from published.opinions where value > $1 order by 1, 2", [0.25]),
    "null_bound": ("select count(*) as n from core.memberships where $1 is null or siren = $1", [None]),
    "accents_bound": ("select cast($1 as varchar) as a, length($1) as n", ["l'Été 👍 \\ \" %s"]),
    "several_bound": ("select count(*) as n from core.acts where period = $2 and siren <> $1 and act_id <> $1", ["x", "2019"]),
}


def of_view(schema, view):
    """Returns the query of all rows of a view, or of its columns alone."""
    end = " limit 0" if (schema, view) in HEAVY else ""
    return f"select * from {schema}.{view}{end}"


def of_type(form, *values):
    """Returns a query with a row a value, and one of NULL."""
    rows = [f"select {place} as n, {form.format(value)} as a" for place, value in enumerate(values)]
    return " union all ".join([*rows, f"select {len(values)} as n, null as a"]) + " order by n"


def all_queries():
    """Returns a text and parameters for every name."""
    found = {f"{schema}.{view}": of_view(schema, view) for schema, view in all_views()}
    found.update((f"type {name}", of_type(*given)) for name, given in TYPES.items())
    found.update(NAMED)
    return {name: query if isinstance(query, tuple) else (query, []) for name, query in found.items()}
