//! The tables of `pg_catalog`: their columns, what a row has unless it says otherwise, and rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;

/// What a row says: names of columns, and values as text.
pub(super) type Row = BTreeMap<&'static str, String>;

/// The tables, one a line: its name, `+` if it may have rows, and its columns, each with its type
/// (`o` number of an object, `s` small number, `i` number, `r` real, `b` truth, `t` text, `a` list of texts) and after
/// `=` what it is unless a row says otherwise. Those without `pg_` are of `information_schema`, and what the
/// engine does not have of it.
const TABLES: &str = "
character_sets character_set_catalog:t character_set_schema:t character_set_name:t
column_types + table_catalog:t=carnac table_schema:t table_name:t column_name:t ordinal_position:i column_default:t is_nullable:t=YES data_type:t character_maximum_length:i character_octet_length:i numeric_precision:i numeric_precision_radix:i numeric_scale:i datetime_precision:i interval_type:t collation_name:t domain_name:t udt_catalog:t=carnac udt_schema:t=pg_catalog udt_name:t is_identity:t=NO identity_generation:t is_generated:t=NEVER generation_expression:t is_updatable:t=NO
constraint_column_usage table_catalog:t table_schema:t table_name:t column_name:t constraint_catalog:t constraint_schema:t constraint_name:t
key_column_usage constraint_catalog:t constraint_schema:t constraint_name:t table_catalog:t table_schema:t table_name:t column_name:t ordinal_position:i position_in_unique_constraint:i
pg_am oid:o amname:t amhandler:t amtype:t
pg_amop oid:o amopfamily:o amoplefttype:o amoprighttype:o amopstrategy:s amoppurpose:t amopopr:o amopmethod:o amopsortfamily:o
pg_amproc oid:o amprocfamily:o amproclefttype:o amprocrighttype:o amprocnum:s amproc:t
pg_attrdef oid:o adrelid:o adnum:s adbin:t
pg_attribute + attrelid:o attname:t atttypid:o attstattarget:s=-1 attlen:s attnum:s attndims:s=0 attcacheoff:i=-1 atttypmod:i=-1 attbyval:b=false attalign:t=i attstorage:t=p attcompression:t= attnotnull:b=false atthasdef:b=false atthasmissing:b=false attidentity:t= attgenerated:t= attisdropped:b=false attislocal:b=true attinhcount:s=0 attcollation:o=0 attacl:a attoptions:a attfdwoptions:a attmissingval:t
pg_auth_members oid:o roleid:o member:o grantor:o admin_option:b inherit_option:b set_option:b
pg_cast oid:o castsource:o casttarget:o castfunc:o castcontext:t castmethod:t
pg_class + oid:o relname:t relnamespace:o reltype:o=0 reloftype:o=0 relowner:o=10 relam:o=0 relfilenode:o=0 reltablespace:o=0 relpages:i=0 reltuples:r=-1 relallvisible:i=0 reltoastrelid:o=0 relhasindex:b=false relisshared:b=false relpersistence:t=p relkind:t relnatts:s=0 relchecks:s=0 relhasrules:b=false relhastriggers:b=false relhassubclass:b=false relrowsecurity:b=false relforcerowsecurity:b=false relispopulated:b=true relreplident:t=n relispartition:b=false relrewrite:o=0 relfrozenxid:i=0 relminmxid:i=0 relhasoids:b=false relacl:a reloptions:a relpartbound:t
pg_collation oid:o collname:t collnamespace:o collowner:o collprovider:t collisdeterministic:b collencoding:i collcollate:t collctype:t
pg_constraint oid:o conname:t connamespace:o contype:t condeferrable:b condeferred:b convalidated:b conrelid:o contypid:o conindid:o conparentid:o confrelid:o confupdtype:t confdeltype:t confmatchtype:t conislocal:b coninhcount:s connoinherit:b conkey:a confkey:a conbin:t
pg_conversion oid:o conname:t connamespace:o conowner:o conforencoding:i contoencoding:i conproc:t condefault:b
pg_database + oid:o datname:t datdba:o=10 encoding:i=6 datlocprovider:t=c datistemplate:b=false datallowconn:b=true datconnlimit:i=-1 datfrozenxid:i=0 datminmxid:i=0 dattablespace:o=1663 datcollate:t=C datctype:t=C.UTF-8 daticulocale:t daticurules:t datcollversion:t datacl:a
pg_db_role_setting setdatabase:o setrole:o setconfig:a
pg_default_acl oid:o defaclrole:o defaclnamespace:o defaclobjtype:t defaclacl:a
pg_depend classid:o objid:o objsubid:i refclassid:o refobjid:o refobjsubid:i deptype:t
pg_description objoid:o classoid:o objsubid:i description:t
pg_enum oid:o enumtypid:o enumsortorder:r enumlabel:t
pg_event_trigger oid:o evtname:t evtevent:t evtowner:o evtfoid:o evtenabled:t evttags:a
pg_extension oid:o extname:t extowner:o extnamespace:o extrelocatable:b extversion:t
pg_foreign_data_wrapper oid:o fdwname:t fdwowner:o fdwhandler:o fdwvalidator:o fdwacl:a fdwoptions:a
pg_foreign_server oid:o srvname:t srvowner:o srvfdw:o srvtype:t srvversion:t srvacl:a srvoptions:a
pg_foreign_table ftrelid:o ftserver:o ftoptions:a
pg_index indexrelid:o indrelid:o indnatts:s indnkeyatts:s indisunique:b indnullsnotdistinct:b indisprimary:b indisexclusion:b indimmediate:b indisclustered:b indisvalid:b indcheckxmin:b indisready:b indislive:b indisreplident:b indkey:t indcollation:t indclass:t indoption:t indexprs:t indpred:t
pg_indexes schemaname:t tablename:t indexname:t tablespace:t indexdef:t
pg_inherits inhrelid:o inhparent:o inhseqno:i inhdetachpending:b
pg_keywords + word:t catcode:t=R barelabel:b=true catdesc:t=reserved baredesc:t
pg_language oid:o lanname:t lanowner:o lanispl:b lanpltrusted:b
pg_largeobject_metadata oid:o lomowner:o lomacl:a
pg_locks locktype:t database:o relation:o pid:i mode:t granted:b
pg_matviews schemaname:t matviewname:t matviewowner:t tablespace:t hasindexes:b ispopulated:b definition:t
pg_namespace + oid:o nspname:t nspowner:o=10 nspacl:a
pg_opclass oid:o opcmethod:o opcname:t opcnamespace:o opcowner:o opcfamily:o opcintype:o opcdefault:b opckeytype:o
pg_operator oid:o oprname:t oprnamespace:o oprleft:o oprright:o oprresult:o
pg_opfamily oid:o opfmethod:o opfname:t opfnamespace:o opfowner:o
pg_partitioned_table partrelid:o partstrat:t partnatts:s partdefid:o partattrs:t
pg_policies schemaname:t tablename:t policyname:t permissive:t roles:a cmd:t qual:t with_check:t
pg_policy oid:o polname:t polrelid:o polcmd:t polpermissive:b polroles:a polqual:t polwithcheck:t
pg_proc oid:o proname:t pronamespace:o proowner:o prolang:o prokind:t proretset:b prorettype:o proargtypes:t proallargtypes:a proargmodes:a proargnames:a prosrc:t provolatile:t proisagg:b proargdefaults:t pronargs:s proacl:a
pg_publication oid:o pubname:t pubowner:o puballtables:b pubinsert:b pubupdate:b pubdelete:b pubtruncate:b pubviaroot:b
pg_publication_namespace oid:o pnpubid:o pnnspid:o
pg_publication_rel oid:o prpubid:o prrelid:o prqual:t prattrs:a
pg_range rngtypid:o rngsubtype:o rngmultitypid:o rngcollation:o
pg_receivers + oid:t proname:t
pg_rewrite oid:o rulename:t ev_class:o ev_type:t ev_enabled:t is_instead:b ev_action:t
pg_roles + oid:o rolname:t rolsuper:b=false rolinherit:b=true rolcreaterole:b=false rolcreatedb:b=false rolcanlogin:b=true rolreplication:b=false rolconnlimit:i=-1 rolpassword:t=******** rolvaliduntil:t rolbypassrls:b=false rolconfig:a
pg_sequence seqrelid:o seqtypid:o seqstart:i seqincrement:i seqmax:i seqmin:i seqcache:i seqcycle:b
pg_sequences schemaname:t sequencename:t sequenceowner:t data_type:t start_value:i last_value:i
pg_settings + name:t setting:t unit:t category:t=Carnac short_desc:t extra_desc:t context:t=user vartype:t=string source:t=default min_val:t max_val:t enumvals:a boot_val:t reset_val:t sourcefile:t sourceline:i pending_restart:b=false
pg_shdescription objoid:o classoid:o description:t
pg_stat_activity datid:o datname:t pid:i usename:t application_name:t client_addr:t state:t query:t wait_event:t
pg_stat_user_tables relid:o schemaname:t relname:t seq_scan:i n_live_tup:i
pg_statistic_ext oid:o stxrelid:o stxname:t stxnamespace:o stxowner:o stxstattarget:i stxkeys:t stxkind:a
pg_subscription oid:o subdbid:o subname:t subowner:o subenabled:b
pg_tables + schemaname:t tablename:t tableowner:t=carnac tablespace:t hasindexes:b=false hasrules:b=false hastriggers:b=false rowsecurity:b=false
pg_tablespace + oid:o spcname:t spcowner:o=10 spcacl:a spcoptions:a
pg_timezone_names name:t abbrev:t utc_offset:t is_dst:b
pg_trigger oid:o tgrelid:o tgparentid:o tgname:t tgfoid:o tgtype:s tgenabled:t tgisinternal:b tgconstrrelid:o tgconstrindid:o tgconstraint:o tgdeferrable:b tginitdeferred:b
pg_ts_config oid:o cfgname:t cfgnamespace:o cfgowner:o cfgparser:o
pg_ts_dict oid:o dictname:t dictnamespace:o dictowner:o dicttemplate:o dictinitoption:t
pg_ts_parser oid:o prsname:t prsnamespace:o
pg_ts_template oid:o tmplname:t tmplnamespace:o
pg_type + oid:o typname:t typnamespace:o=11 typowner:o=10 typlen:s typbyval:b=false typtype:t=b typcategory:t typispreferred:b=false typisdefined:b=true typdelim:t=, typrelid:o=0 typsubscript:t typelem:o=0 typarray:o=0 typinput:t typoutput:t typreceive:t typsend:t typmodin:t typmodout:t typanalyze:t typalign:t=i typstorage:t=p typnotnull:b=false typbasetype:o=0 typtypmod:i=-1 typndims:i=0 typcollation:o=0 typdefaultbin:t typdefault:t typacl:a
pg_user + usename:t usesysid:o usecreatedb:b=false usesuper:b=false userepl:b=false usebypassrls:b=false passwd:t=******** valuntil:t useconfig:a
pg_user_mappings umid:o srvid:o srvname:t umuser:o usename:t umoptions:a
pg_views + schemaname:t viewname:t viewowner:t=carnac definition:t
referential_constraints constraint_catalog:t constraint_schema:t constraint_name:t unique_constraint_catalog:t unique_constraint_schema:t unique_constraint_name:t match_option:t update_rule:t delete_rule:t
table_constraints constraint_catalog:t constraint_schema:t constraint_name:t table_catalog:t table_schema:t table_name:t constraint_type:t is_deferrable:t initially_deferred:t enforced:t
";

/// One column of a table.
struct Column {
    name: &'static str,
    data_type: DataType,
    default: Option<&'static str>,
}

/// Returns the names of all tables.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    TABLES.lines().filter_map(|line| line.split_whitespace().next())
}

/// Whether there is a table of this name.
pub(super) fn is_known(table: &str) -> bool {
    line(table).is_some()
}

/// Whether a table is known, and never has rows.
pub(super) fn is_always_empty(table: &str) -> bool {
    let line = line(table);
    line.is_some_and(|line| line.split_whitespace().nth(1) != Some("+"))
}

fn line(table: &str) -> Option<&'static str> {
    TABLES.lines().find(|line| line.split_whitespace().next() == Some(table))
}

/// Makes a table of these rows; none when there is no such table.
///
/// # Errors
/// When a value is not of the type of its column.
pub(super) fn batch(table: &str, rows: &[Row]) -> Result<Option<RecordBatch>, ArrowError> {
    let Some(line) = line(table) else { return Ok(None) };
    let columns: Vec<_> =
        line.split_whitespace().skip(1).filter(|word| *word != "+").filter_map(column).collect();
    let values = |column: &Column| -> Result<ArrayRef, ArrowError> {
        let value =
            |row: &Row| row.get(column.name).cloned().or_else(|| column.default.map(str::to_owned));
        let texts: StringArray = rows.iter().map(value).collect();
        if column.data_type.is_nested() {
            return Ok(new_null_array(&column.data_type, rows.len()));
        }
        cast(&texts, &column.data_type)
    };
    let arrays = columns.iter().map(values).collect::<Result<Vec<_>, _>>()?;
    let fields: Vec<_> = columns
        .iter()
        .map(|column| Field::new(column.name, column.data_type.clone(), true))
        .collect();
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    RecordBatch::try_new(schema, arrays).map(Some)
}

fn column(word: &'static str) -> Option<Column> {
    let (name, rest) = word.split_once(':')?;
    let (letter, default) = match rest.split_once('=') {
        Some((letter, default)) => (letter, Some(default)),
        None => (rest, None),
    };
    let data_type = match letter {
        "o" => DataType::UInt32,
        "s" => DataType::Int16,
        "i" => DataType::Int32,
        "r" => DataType::Float32,
        "b" => DataType::Boolean,
        "a" => DataType::new_list(DataType::Utf8, true),
        _ => DataType::Utf8,
    };
    Some(Column { name, data_type, default })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_made_and_has_what_is_said() {
        for name in names() {
            let row = Row::new();
            let made = batch(name, &[row]).unwrap().unwrap();
            assert!(made.num_rows() == 1 && made.num_columns() > 1, "{name}");
        }
        let row = Row::from([("oid", "7".to_owned())]);
        let made = batch("pg_class", &[row]).unwrap().unwrap();
        assert_eq!(made.column(0).null_count(), 0);
        assert!(is_always_empty("pg_index") && !is_always_empty("pg_class"));
        assert!(batch("pg_nothing", &[]).unwrap().is_none());
    }
}
