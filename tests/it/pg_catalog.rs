//! What clients of PostgreSQL ask its catalogue, in their own words.

use crate::postgres::Door;

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
