"""Statements that are no queries, or hide what is none, and what each ends in at every door."""

from dataclasses import dataclass


@dataclass(frozen=True)
class End:
    """The codes of a refusal: of gRPC, of HTTP, and of PostgreSQL by the way that it is asked."""

    grpc: str
    http: str
    simple: str
    prepared: str = ""
    cursor: str = ""
    copy: str = ""

    def of_postgres(self, way):
        """Returns the SQLSTATE of a way; that of the simple protocol unless it differs."""
        return getattr(self, way, "") or self.simple


@dataclass(frozen=True)
class Harmless:
    """A statement of the session that PostgreSQL's door does, and why it changes nothing else."""

    tag: str
    reason: str
    # What the first column of its rows has, if there are any.
    names: tuple = ()


# Not allowed on this server, however it is written.
DENIED = End("PERMISSION_DENIED", "403", "42501")
# A text that is no SQL here.
UNREAD = End("INVALID_ARGUMENT", "400", "42601")
NO_TABLE = End("INVALID_ARGUMENT", "400", "42P01")
NO_FUNCTION = End("INVALID_ARGUMENT", "400", "42883")
# Two statements: PostgreSQL's simple protocol takes them one by one and refuses the second. In the brackets
# of COPY the first already ends in the middle.
SECOND = End("INVALID_ARGUMENT", "400", "42501", prepared="42601", copy="42601")


def of_session(code):
    """Returns the end of a statement of the session, which is none for a cursor or for COPY."""
    return End("PERMISSION_DENIED", "403", code, cursor="42501", copy="42501")


NO_SETTING, WRONG_VALUE, NO_CURSOR = map(of_session, ("42704", "22023", "34000"))

WRITES = {
    "insert": ("INSERT INTO core.acts VALUES ('x')", DENIED),
    "update": ("UPDATE core.acts SET siren = 'x'", DENIED),
    "delete": ("DELETE FROM core.acts WHERE true", DENIED),
    "merge": (
        "MERGE INTO core.acts a USING core.bids b ON a.siren = b.siren WHEN MATCHED THEN DELETE",
        DENIED,
    ),
    "truncate": ("TRUNCATE TABLE core.acts", DENIED),
    "insert_in_cte": (
        "with a as (insert into core.acts values ('x') returning *) select * from a",
        DENIED,
    ),
    "delete_in_cte": (
        "with a as (delete from core.acts returning *) select * from a",
        DENIED,
    ),
    "select_into": ("select 1 as a into t", DENIED),
    "create_table": ("CREATE TABLE t (a int)", DENIED),
    "create_table_as": ("CREATE TABLE t AS select 1", DENIED),
    "create_temporary_table": ("CREATE TEMP TABLE t (a int)", DENIED),
    "create_view": ("CREATE VIEW published.v AS select 1", DENIED),
    "replace_view": ("CREATE OR REPLACE VIEW core.acts AS select 1", DENIED),
    "create_materialized_view": ("CREATE MATERIALIZED VIEW v AS select 1", DENIED),
    "refresh_materialized_view": ("REFRESH MATERIALIZED VIEW core.acts", UNREAD),
    "create_schema": ("CREATE SCHEMA s", DENIED),
    "create_database": ("CREATE DATABASE d", DENIED),
    "create_function": ("CREATE FUNCTION f() RETURNS int RETURN 1", DENIED),
    "create_index": ("CREATE INDEX i ON core.acts (siren)", DENIED),
    "create_role": ("CREATE ROLE r SUPERUSER", DENIED),
    "create_extension": ("CREATE EXTENSION dblink", DENIED),
    "create_sequence": ("CREATE SEQUENCE s", DENIED),
    "create_publication": ("CREATE PUBLICATION p FOR ALL TABLES", UNREAD),
    "drop_table": ("DROP TABLE core.acts", DENIED),
    "drop_view": ("DROP VIEW core.acts", DENIED),
    "drop_schema": ("DROP SCHEMA core CASCADE", DENIED),
    "drop_function": ("DROP FUNCTION safe_ratio", DENIED),
    "drop_database": ("DROP DATABASE carnac", DENIED),
    "alter_table": ("ALTER TABLE core.acts ADD COLUMN a int", DENIED),
    "alter_role": ("ALTER ROLE anonymous SUPERUSER", DENIED),
    "alter_system": ("ALTER SYSTEM SET work_mem = '1GB'", UNREAD),
    "grant": ("GRANT ALL ON core.acts TO public", DENIED),
    "revoke": ("REVOKE ALL ON core.acts FROM public", DENIED),
    "comment": ("COMMENT ON TABLE core.acts IS 'x'", DENIED),
    "prepare_insert": ("PREPARE p AS INSERT INTO core.acts VALUES ('x')", DENIED),
    "execute": ("EXECUTE p", DENIED),
    "declare_delete": ("DECLARE d CURSOR FOR DELETE FROM core.acts", DENIED),
    "do": ("DO $$ BEGIN NULL; END $$", UNREAD),
    "call": ("CALL refresh()", DENIED),
    "lock": ("LOCK TABLE core.acts", DENIED),
    "vacuum": ("VACUUM core.acts", DENIED),
    "analyze": ("ANALYZE core.acts", DENIED),
    "reindex": ("REINDEX TABLE core.acts", UNREAD),
    "checkpoint": ("CHECKPOINT", UNREAD),
    "listen": ("LISTEN x", DENIED),
    "notify": ("NOTIFY x", DENIED),
    "sequence_is_not_advanced": ("select nextval('s')", NO_FUNCTION),
}

FILES = {
    "copy_to_a_file": ("COPY (select 1) TO '{outside}'", DENIED),
    "copy_to_parquet": ("COPY core.acts TO '{outside}' STORED AS PARQUET", DENIED),
    "copy_to_a_program": ("COPY (select 1) TO PROGRAM 'touch {outside}'", UNREAD),
    "copy_from_a_file": ("COPY core.acts FROM '/etc/passwd'", UNREAD),
    "copy_from_the_client": ("COPY core.acts FROM STDIN", UNREAD),
    "unload": ("UNLOAD ('select 1') TO '{outside}'", DENIED),
    "explain_copy": ("EXPLAIN COPY (select 1) TO '{outside}'", DENIED),
    "external_table": ("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'", DENIED),
    "external_table_by_address": (
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION 'file:///etc/passwd'",
        DENIED,
    ),
    "attach": ("ATTACH DATABASE '/etc/passwd' AS p", DENIED),
    "load": ("LOAD '{outside}'", DENIED),
    "install": ("INSTALL httpfs", UNREAD),
    "file_as_table": ("select * from '/etc/passwd'", NO_TABLE),
    "quoted_file_as_table": ('select * from "/etc/passwd"', NO_TABLE),
    "address_as_table": ('select * from "file:///etc/passwd"', NO_TABLE),
    "lake_as_table": ("select * from '{root}/tables/acts'", NO_TABLE),
    "read_csv": ("select * from read_csv('/etc/passwd')", NO_TABLE),
    "read_parquet": ("select * from read_parquet('{root}/tables/acts/*/*.parquet')", NO_TABLE),
    "parquet_metadata": ("select * from parquet_metadata('{root}/tables/acts')", NO_TABLE),
    "glob": ("select * from glob('/etc/*')", NO_TABLE),
    "dblink": ("select * from dblink('host=127.0.0.1', 'select 1') as t(a int)", NO_TABLE),
    "pg_read_file": ("select pg_read_file('/etc/passwd')", NO_FUNCTION),
    "pg_ls_dir": ("select * from pg_ls_dir('/')", NO_TABLE),
    "lo_import": ("select lo_import('/etc/passwd')", NO_FUNCTION),
    "lo_export": ("select lo_export(1, '{outside}')", NO_FUNCTION),
    "load_file": ("select load_file('/etc/passwd')", NO_FUNCTION),
}

SETTINGS = {
    "set_memory": ("SET datafusion.runtime.memory_limit = '8G'", DENIED),
    "set_partitions": ("SET datafusion.execution.target_partitions TO 1", DENIED),
    "set_catalogue": ("SET datafusion.catalog.information_schema = false", DENIED),
    "set_authorization": ("SET SESSION AUTHORIZATION postgres", DENIED),
    "set_role": ("SET ROLE operator", DENIED),
    "set_search_path": ("SET search_path = core", WRONG_VALUE),
    "set_unknown": ("SET work_mem = '8GB'", NO_SETTING),
    "set_writable": ("SET default_transaction_read_only = off", WRONG_VALUE),
    "reset_setting_of_the_engine": ("RESET datafusion.execution.batch_size", DENIED),
    "reload_configuration": ("select pg_reload_conf()", NO_FUNCTION),
    "terminate": ("select pg_terminate_backend(1)", NO_FUNCTION),
    "pragma": ("PRAGMA database_list", DENIED),
    "use": ("USE carnac", DENIED),
}

METADATA = {
    "explain_analyze": ("EXPLAIN ANALYZE select 1", DENIED),
    "explain_verbose": ("EXPLAIN VERBOSE select 1", DENIED),
    "explain_options": ("EXPLAIN (ANALYZE true, VERBOSE) select 1", DENIED),
    "explain_insert": ("EXPLAIN INSERT INTO core.acts VALUES ('x')", DENIED),
    "explain_explain": ("EXPLAIN EXPLAIN ANALYZE select 1", DENIED),
    "show_setting_of_the_engine": ("SHOW datafusion.execution.batch_size", DENIED),
    "settings_of_the_engine": ("select * from information_schema.df_settings", NO_TABLE),
    "show_tables": ("SHOW TABLES", NO_SETTING),
    "show_columns": ("SHOW COLUMNS FROM core.acts", NO_SETTING),
    "show_create": ("SHOW CREATE TABLE core.acts", NO_SETTING),
    "describe": ("DESCRIBE core.acts", DENIED),
    "raw_layer": ("select * from lake.acts", NO_TABLE),
    "sources": ("select * from ops.sources", NO_TABLE),
    "fetch_of_no_cursor": ("FETCH 1 FROM nothing", NO_CURSOR),
}

HIDDEN = {
    "second_statement": ("select 1; DROP TABLE core.acts", SECOND),
    "second_after_a_comment": ("select 1 /* ; */ ; DROP TABLE core.acts --", SECOND),
    "second_after_a_line": ("select 1 --\n; DROP TABLE core.acts", SECOND),
    "second_after_dollars": ("select $$ $$; DROP TABLE core.acts", SECOND),
    "second_after_a_backslash": ("select 'a\\'; DROP TABLE core.acts; --'", SECOND),
    "second_after_a_quoted_name": ('select 1 as "a;"; DROP TABLE core.acts', SECOND),
    "behind_a_comment": ("/* select 1 */ DROP TABLE core.acts", DENIED),
    "behind_a_line": ("-- select 1\nDROP TABLE core.acts", DENIED),
    "in_mixed_letters": ("dRoP\ttAbLe\ncore.acts", DENIED),
    "comment_without_end": ("select 1 /* /* */ ; DROP TABLE core.acts", UNREAD),
    "comment_within_a_word": ("DR/**/OP TABLE core.acts", UNREAD),
    "cyrillic_drop": ("DR\u041eP TABLE core.acts", UNREAD),
    "cyrillic_select": ("\u0455elect 1", UNREAD),
    "fullwidth_drop": ("\uff24\uff32\uff2f\uff30 TABLE core.acts", UNREAD),
    "zero_width_drop": ("DR\u200bOP TABLE core.acts", UNREAD),
    "right_to_left_drop": ("\u202eDROP TABLE core.acts", UNREAD),
    "greek_question_mark": ("select 1\u037e DROP TABLE core.acts", UNREAD),
    "fullwidth_semicolon": ("select 1\uff1b DROP TABLE core.acts", UNREAD),
}

REFUSED = WRITES | FILES | SETTINGS | METADATA | HIDDEN

# The settings that PostgreSQL's door has.
SHOWN = (
    "application_name",
    "client_encoding",
    "DateStyle",
    "default_transaction_read_only",
    "in_hot_standby",
    "integer_datetimes",
    "IntervalStyle",
    "is_superuser",
    "server_encoding",
    "server_version",
    "standard_conforming_strings",
    "TimeZone",
    "bytea_output",
    "client_min_messages",
    "default_transaction_isolation",
    "enable_seqscan",
    "extra_float_digits",
    "geqo",
    "idle_in_transaction_session_timeout",
    "jit",
    "lc_collate",
    "lc_ctype",
    "lc_messages",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "lock_timeout",
    "max_identifier_length",
    "max_index_keys",
    "row_security",
    "search_path",
    "server_version_num",
    "statement_timeout",
    "synchronous_commit",
    "transaction_isolation",
    "transaction_read_only",
)

# What PostgreSQL's door does for its clients; the other doors refuse all of it.
OF_SESSION = {
    "set_application_name": (
        "SET application_name = 'x'",
        Harmless("SET", "a label of this session, that nothing reads"),
    ),
    "set_statement_timeout": (
        "SET statement_timeout = '1h'",
        Harmless("SET", "it can shorten the time of a query, the server's own bound stays"),
    ),
    "set_transaction": (
        "SET TRANSACTION READ WRITE",
        Harmless("SET", "clients say it by themselves; every write is refused all the same"),
    ),
    "set_characteristics": (
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        Harmless("SET", "clients say it by themselves; every write is refused all the same"),
    ),
    "reset_all": ("RESET ALL", Harmless("RESET", "poolers say it: this session as it began")),
    "discard_all": (
        "DISCARD ALL",
        Harmless("DISCARD ALL", "poolers say it: this session as it began"),
    ),
    "show_all": (
        "SHOW ALL",
        Harmless("SHOW", "what SHOW tells one by one, and nothing of the engine", SHOWN),
    ),
    "begin": ("BEGIN READ WRITE", Harmless("BEGIN", "a transaction that reads one release")),
    "start": ("START TRANSACTION", Harmless("BEGIN", "a transaction that reads one release")),
    "commit": ("COMMIT", Harmless("COMMIT", "there is nothing to keep")),
    "savepoint": ("SAVEPOINT s", Harmless("SAVEPOINT", "there is nothing to go back to")),
    "deallocate": (
        "DEALLOCATE ALL",
        Harmless("DEALLOCATE ALL", "what this session prepared is forgotten"),
    ),
    "close": ("CLOSE ALL", Harmless("CLOSE CURSOR ALL", "the cursors of this session end")),
    "unlisten": ("UNLISTEN *", Harmless("UNLISTEN", "poolers say it; nothing can be listened to")),
}

# Queries that look as if they changed something: the text of the one value, and why it is harmless.
ANSWERED = {
    "set_config": (
        "select set_config('search_path', '', false)",
        "",
        "dump tools ask it first; it answers what it is given and sets nothing",
    ),
    "set_config_of_the_engine": (
        "select set_config('datafusion.execution.batch_size', '1', false)",
        "1",
        "as above",
    ),
    "for_update": (
        "select count(*) from (select * from core.memberships for update) as rows",
        "20",
        "nothing is locked: rows are never changed",
    ),
    "nested_comment": (
        "select 1 /* /* */ ; DROP TABLE core.acts; /* */ */",
        "1",
        "comments nest: all behind the first is one",
    ),
    "escaped_quote": (
        "select E'a\\'; DROP TABLE core.acts; --'",
        "a'; DROP TABLE core.acts; --",
        "the second statement is within a text",
    ),
}
