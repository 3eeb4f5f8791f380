//! What clients of PostgreSQL ask its catalogue, in their own words.

use crate::identity::{create, two_authorities};
use crate::postgres::{Client, Door};

/// What psql asks for `\d core.acts`: first which relation is meant.
const RELATION: &str = r"SELECT c.oid, n.nspname, c.relname
FROM pg_catalog.pg_class c
     LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname OPERATOR(pg_catalog.~) '^(acts)$' COLLATE pg_catalog.default
  AND n.nspname OPERATOR(pg_catalog.~) '^(core)$' COLLATE pg_catalog.default
ORDER BY 2, 3;";

/// Then what it is.
const KIND: &str = r"SELECT c.relchecks, c.relkind, c.relhasindex, c.relhasrules, c.relhastriggers,
  c.relrowsecurity, c.relforcerowsecurity, false AS relhasoids, c.relispartition,
  pg_catalog.array_to_string(c.reloptions || array(select 'toast.' || x from pg_catalog.unnest(tc.reloptions) x), ', ')
, c.reltablespace, CASE WHEN c.reloftype = 0 THEN '' ELSE c.reloftype::pg_catalog.regtype::pg_catalog.text END,
  c.relpersistence, c.relreplident, am.amname
FROM pg_catalog.pg_class c
 LEFT JOIN pg_catalog.pg_class tc ON (c.reltoastrelid = tc.oid)
LEFT JOIN pg_catalog.pg_am am ON (c.relam = am.oid)
WHERE c.oid = '{oid}';";

/// Then its columns.
const COLUMNS: &str = r"SELECT a.attname,
  pg_catalog.format_type(a.atttypid, a.atttypmod),
  (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid, true)
   FROM pg_catalog.pg_attrdef d
   WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef),
  a.attnotnull,
  (SELECT c.collname FROM pg_catalog.pg_collation c, pg_catalog.pg_type t
   WHERE c.oid = a.attcollation AND t.oid = a.atttypid AND a.attcollation <> t.typcollation) AS attcollation,
  a.attidentity,
  a.attgenerated
FROM pg_catalog.pg_attribute a
WHERE a.attrelid = '{oid}' AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum;";

#[test]
fn psql_describes_a_view() {
    let door = Door::open();
    let mut client = door.client();
    let relation = client.simple(RELATION);
    let [relation] = &relation.texts()[..] else { panic!("one relation is meant") };
    let oid = relation[0].unwrap();
    assert_eq!(relation[1..], [Some("core"), Some("acts")]);
    assert_eq!(client.simple(&KIND.replace("{oid}", oid)).texts()[0][1], Some("v"));
    let columns = client.simple(&COLUMNS.replace("{oid}", oid));
    let types: Vec<_> = columns.texts().iter().map(|row| (row[0], row[1])).collect();
    assert!(types.contains(&(Some("siren"), Some("text"))), "{types:?}");
    assert!(types.contains(&(Some("decision_date"), Some("date"))), "{types:?}");
    assert_eq!(client.simple("select 'core.acts'::regclass::oid").value(), oid);
    assert_eq!(client.simple(&format!("select {oid}::regclass")).value(), "core.acts");
}

/// What the JDBC driver asks of columns, shortened to what it reads.
const OF_JDBC: &str = r"SELECT * FROM (SELECT n.nspname, c.relname, a.attname, a.atttypid,
  a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS attnotnull, a.atttypmod, a.attlen, t.typtypmod,
  row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS attnum,
  nullif(a.attidentity, '') as attidentity, nullif(a.attgenerated, '') as attgenerated,
  pg_catalog.pg_get_expr(def.adbin, def.adrelid) AS adsrc, dsc.description, t.typbasetype, t.typtype
FROM pg_catalog.pg_namespace n
 JOIN pg_catalog.pg_class c ON (c.relnamespace = n.oid)
 JOIN pg_catalog.pg_attribute a ON (a.attrelid = c.oid)
 JOIN pg_catalog.pg_type t ON (a.atttypid = t.oid)
 LEFT JOIN pg_catalog.pg_attrdef def ON (a.attrelid = def.adrelid AND a.attnum = def.adnum)
 LEFT JOIN pg_catalog.pg_description dsc ON (c.oid = dsc.objoid AND a.attnum = dsc.objsubid)
 LEFT JOIN pg_catalog.pg_class dc ON (dc.oid = dsc.classoid AND dc.relname = 'pg_class')
 LEFT JOIN pg_catalog.pg_namespace dn ON (dc.relnamespace = dn.oid AND dn.nspname = 'pg_catalog')
WHERE c.relkind in ('r','p','v','f','m') and a.attnum > 0 AND NOT a.attisdropped
 AND n.nspname LIKE 'core' AND c.relname LIKE 'acts') c WHERE true
ORDER BY nspname, c.relname, attnum";

/// Statements with which clients begin, and a value of which one of the rows begins.
const START: [(&str, &str); 14] = [
    ("select pg_catalog.version()", "PostgreSQL 16"),
    ("select current_schema()", "published"),
    ("select current_database()", "carnac"),
    ("select current_setting('server_version_num')", "160006"),
    ("show standard_conforming_strings", "on"),
    (
        "select nspname from pg_namespace where nspname not like 'pg\\_%' order by nspname",
        "assessment",
    ),
    (
        "SELECT n.nspname as \"Schema\", c.relname as \"Name\", CASE c.relkind WHEN 'r' THEN 'table' \
         WHEN 'v' THEN 'view' END as \"Type\", pg_catalog.pg_get_userbyid(c.relowner) as \"Owner\" \
         FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam WHERE c.relkind IN ('r','p','') \
         AND n.nspname <> 'pg_catalog' AND n.nspname !~ '^pg_toast' \
         AND n.nspname <> 'information_schema' AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 1,2",
        "catalog",
    ),
    ("select t.oid, t.typarray, t.typname from pg_type t where t.typname = 'numeric'", "1700"),
    (
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'core' AND c.relkind = ANY (ARRAY['v', 'm']) ORDER BY 1",
        "act",
    ),
    ("SELECT d.datname, pg_catalog.array_to_string(d.datacl, E'\\n') FROM pg_database d", "carnac"),
    (
        "SELECT r.rolname, ARRAY(SELECT b.rolname FROM pg_catalog.pg_auth_members m \
         JOIN pg_catalog.pg_roles b ON (m.roleid = b.oid) WHERE m.member = r.oid) as memberof \
         FROM pg_catalog.pg_roles r WHERE r.rolname !~ '^pg_' ORDER BY 1",
        "carnac",
    ),
    (
        "select quote_ident(table_name) from information_schema.tables \
         where quote_ident(table_schema) = 'core' order by table_name",
        "act",
    ),
    ("select name from pg_settings where name = 'max_index_keys'", "max_index_keys"),
    (OF_JDBC, "core"),
];

#[test]
fn clients_begin_as_they_do_with_postgresql() {
    let door = Door::open();
    let mut client = door.client();
    for (sql, expected) in START {
        let reply = client.simple(sql);
        assert_eq!(reply.error, None, "{sql}");
        let first = reply.texts().first().and_then(|row| row[0]).unwrap_or_default().to_owned();
        assert!(first.starts_with(expected), "{sql}: {first}");
    }
    for sql in [
        "SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL;",
        "SET extra_float_digits = 3; SET application_name = 'PostgreSQL JDBC Driver'",
        "BEGIN READ ONLY; SELECT 1; COMMIT",
    ] {
        assert_eq!(client.simple(sql).error, None, "{sql}");
    }
}

/// The catalogue tells of what the principal sees, and no list tells of the catalogue.
#[test]
fn the_catalogue_tells_no_more_than_other_lists() {
    let door = Door::open();
    let mut client = door.client();
    let hidden = "select count(*) from pg_namespace where nspname in ('lake', 'staging', 'ops')";
    assert_eq!(client.simple(hidden).value(), "0");
    let none = "select coalesce('lake.acts'::regclass::oid, 0)";
    assert_eq!(client.simple(none).value(), "0");
    let listed = "select count(*) from information_schema.tables where table_schema = 'pg_catalog'";
    assert_eq!(client.simple(listed).value(), "0");
    let same = "select count(*) from pg_class c where not exists (select 1 from \
                information_schema.tables t where t.table_name = c.relname)";
    assert_eq!(client.simple(same).value(), "0");
}

/// What the ADBC driver asks when it connects.
const TYPES_OF_ADBC: &str = "SELECT oid, typname, typreceive FROM pg_catalog.pg_type \
    WHERE (typreceive != 0 OR typsend != 0) AND typtype != 'r' AND typname IN ('date', 'int8', 'numeric') \
    ORDER BY typname";

#[test]
fn the_functions_of_types_have_their_names() {
    let door = Door::open();
    let mut client = door.client();
    let found = client.simple(TYPES_OF_ADBC);
    let functions: Vec<_> = found.texts().iter().map(|row| row[2].unwrap()).collect();
    assert_eq!(functions, ["date_recv", "int8recv", "numeric_recv"]);
}

/// What drivers ask of keys: what they compute of them only PostgreSQL can, and there are none.
const KEYS: [&str; 9] = [
    "select result.table_name, result.place from (select ct.relname as table_name, a.attnum as number, \
     (information_schema._pg_expandarray(i.indkey)).n as place, \
     information_schema._pg_expandarray(i.indkey) as keys from pg_catalog.pg_class ct \
     join pg_catalog.pg_attribute a on (ct.oid = a.attrelid) \
     join pg_catalog.pg_index i on (a.attrelid = i.indrelid) where i.indisprimary) as result \
     where result.number = (result.keys).x order by result.table_name, result.place",
    "with keys as (select con.conname, unnest(con.conkey) as key from pg_constraint as con \
     inner join pg_class as c on c.oid = conrelid where c.relname = 'acts'), \
     names as (select keys.conname, a.attname from keys join pg_attribute as a on a.attnum = keys.key) \
     select conname, array_agg(attname order by attname) from names group by conname \
     union all select con.conname, array_agg(k) from pg_constraint as con cross join unnest(conkey) as k \
     group by 1",
    "select i.relname, array_agg(a.attname) from pg_class t, pg_class i, pg_index ix, pg_attribute a \
     where t.oid = ix.indrelid and a.attnum = any(ix.indkey) group by i.relname order by t.relname",
    "select k.column_name from information_schema.table_constraints as t \
     join information_schema.key_column_usage as k on t.constraint_name = k.constraint_name",
    "select relname from pg_class where oid in (select indrelid from pg_index where indkey[0] = 1)",
    "select relname from pg_class c where exists (select 1 from pg_trigger t where t.nothing = c.oid)",
    "select i.*, pg_stat_get_numscans(i.indexrelid) as scans from pg_catalog.pg_index i",
    "select o.amopopr::pg_catalog.regoperator as operator from pg_catalog.pg_amop o",
    "select pubname, null, null from pg_catalog.pg_publication p union \
     select pubname, pg_get_expr(pr.prqual, c.oid), (case when pr.prattrs is not null then \
     (select string_agg(attname, ', ') from pg_catalog.generate_series(0, \
     pg_catalog.array_upper(pr.prattrs::pg_catalog.int2[], 1)) s, pg_catalog.pg_attribute \
     where attrelid = pr.prrelid and attnum = prattrs[s]) else null end) \
     from pg_catalog.pg_publication p join pg_catalog.pg_publication_rel pr on p.oid = pr.prpubid \
     join pg_catalog.pg_class c on c.oid = pr.prrelid order by 1",
];

#[test]
fn there_are_no_keys() {
    let door = Door::open();
    let mut client = door.client();
    for sql in KEYS {
        for reply in [client.simple(sql), client.extended(sql, &[], &[], 0)] {
            assert_eq!((reply.error, reply.rows.len()), (None, 0), "{sql}");
            assert!(!reply.columns.is_empty(), "{sql}");
        }
    }
    // What sums up no rows is one, and what is joined to none stays.
    for (sql, expected) in [
        ("select count(*) from pg_index where indkey is not null", "0"),
        ("select coalesce(max(conname), 'none') from pg_constraint", "none"),
        ("select (select coalesce(max(conname), 'none') from pg_constraint)", "none"),
        ("select (select count(*) from pg_constraint)", "0"),
        ("select exists (select 1 from pg_index)", "f"),
        (
            "select array_to_string(array(select polname from pg_policy where polrelid = c.oid), ',') is null \
             from pg_class c limit 1",
            "t",
        ),
        (
            "select count(*) = (select count(*) from pg_class) from pg_class c \
             left join (select unnest(conkey) as k, conrelid from pg_constraint) as x on x.conrelid = c.oid",
            "t",
        ),
        ("select c.relname from pg_class c right join pg_namespace n on false limit 1", ""),
    ] {
        let reply = client.simple(sql);
        let value = reply.texts().first().map(|row| row[0].unwrap_or_default().to_owned());
        assert_eq!((reply.error, value.as_deref()), (None, Some(expected)), "{sql}");
    }
    // Tables of others are looked up all the same, and their rows are read.
    assert_eq!(client.simple("select 1 from core.nothing, pg_index").code(), "42P01");
    assert_eq!(client.simple("select * from core.acts, pg_index").rows.len(), 0);
}

#[test]
fn parameters_of_what_is_not_computed_are_taken() {
    let door = Door::open();
    let mut client = door.client();
    let sql = "select unnest(con.conkey) as k from pg_constraint as con \
               where con.conname = $1 and con.contype = $2";
    let reply = client.extended(sql, &[], &[Some(b"a"), Some(b"p")], 0);
    assert_eq!((reply.error, reply.parameters.len(), reply.rows.len()), (None, 2, 0));
    let kinds = "select count(*) > 0 from pg_class as c where c.relkind = any($2) and relname = $1";
    for types in [&[][..], &[25, 1009], &[0, 0]] {
        let reply = client.extended(kinds, types, &[Some(b"acts"), Some(b"{r, \"v\"}")], 0);
        assert_eq!((&reply.error, reply.value()), (&None, "t"));
        let others = kinds.replace("= any", "<> all");
        let reply = client.extended(&others, types, &[Some(b"acts"), Some(b"{r, \"v\"}")], 0);
        assert_eq!((&reply.error, reply.value()), (&None, "f"));
    }
}

/// Arrays are told by the functions that read them; the query is that of the driver of .NET, shortened.
const ITEMS: &str = "select t.typname, t.kind, item.typname from ( \
    select typ.typname, case when proc.proname = 'array_recv' then 'a' else typ.typtype end as kind, \
    case when proc.proname = 'array_recv' then typ.typelem when typ.typtype = 'm' \
    then (select rngtypid from pg_range where rngmultitypid = typ.oid) end as of \
    from pg_type as typ left join pg_proc as proc on proc.oid = typ.typreceive) as t \
    join pg_type as item on item.oid = t.of order by t.typname";

#[test]
fn types_are_loaded() {
    let door = Door::open();
    let mut client = door.client();
    let found = client.simple(ITEMS);
    assert!(found.texts().contains(&vec![Some("_int8"), Some("a"), Some("int8")]), "{found:?}");
    let looked_up = "select (select n.nspname from pg_namespace n where n.oid = t.typnamespace) \
                     from pg_type t where t.typname = 'date'";
    assert_eq!(client.simple(looked_up).value(), "pg_catalog");
    let functions = "select count(*) from pg_proc";
    assert_eq!(client.simple(functions).value(), "0");
    let words = "select string_agg(word, ',') from pg_catalog.pg_get_keywords() \
                 where word <> all ('{all,analyse,select}'::text[])";
    let words = client.simple(words).value().to_owned();
    assert!(words.contains("lateral") && !words.contains("select"), "{words}");
    let upper = "select array_upper(current_schemas(false), 1), (current_schemas(false))[1]";
    assert_eq!(client.simple(upper).texts(), [[Some("1"), Some("published")]]);
    let size = "select pg_size_pretty(pg_database_size(d.datname)), pg_size_pretty(pg_table_size(1)) \
                from pg_database d join pg_tablespace t on d.dattablespace = t.oid";
    assert_eq!(client.simple(size).texts(), [[None, Some("0 bytes")]]);
}

/// What Metabase asks of the columns of a schema, shortened.
#[test]
fn columns_are_told_with_their_keys() {
    let door = Door::open();
    let sql = "select c.column_name as name, c.udt_name as \"database-type\", pk.column_name is not null as \"pk?\", \
        col_description(cast(cast(format('%I.%I', cast(c.table_schema as text), cast(c.table_name as text)) \
        as regclass) as oid), c.ordinal_position) as comment from information_schema.columns as c \
        left join (select tc.table_schema, tc.table_name, kc.column_name \
        from information_schema.table_constraints as tc \
        inner join information_schema.key_column_usage as kc on tc.constraint_name = kc.constraint_name \
        where tc.constraint_type = 'PRIMARY KEY') as pk on c.table_schema = pk.table_schema \
        and c.table_name = pk.table_name and c.column_name = pk.column_name \
        where c.table_schema in ('core') and c.column_name = 'decision_date' and c.table_name = 'acts'";
    let told = [Some("decision_date"), Some("date"), Some("f"), None];
    assert_eq!(door.client().simple(sql).texts(), [told]);
}

/// Each is told of the columns that it sees, by the types of PostgreSQL where they are asked for.
#[test]
fn columns_have_the_types_of_postgresql() {
    let place = two_authorities();
    let (_server, address) = place.serve_postgres(&["--anonymous", "public"]);
    let types = "select data_type, udt_name, numeric_precision, numeric_scale from information_schema.columns \
                 where table_schema = 'core' and column_name = 'amount_eur' and table_name = 'contracts'";
    let (mut client, _) = Client::connect_by(address, &create(&place, "analyst"));
    let found = client.simple(types);
    assert_eq!(found.texts(), [[Some("numeric"), Some("numeric"), Some("18"), Some("2")]]);
    let (mut client, _) = Client::connect(address, &[]);
    assert_eq!((client.simple(types).error, client.simple(types).rows.len()), (None, 0));
    let schemas = "select string_agg(distinct table_schema, ',') from information_schema.columns \
                   where udt_schema = 'pg_catalog'";
    let mut schemas =
        client.simple(schemas).value().split(',').map(str::to_owned).collect::<Vec<_>>();
    schemas.sort();
    assert_eq!(schemas, ["catalog", "published"]);
}
