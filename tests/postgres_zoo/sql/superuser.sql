-- What only a superuser can make, and rights that another than the owner passed on.
CREATE SCHEMA superuser;
SET search_path = superuser;

CREATE TYPE whole;
CREATE FUNCTION whole_in(cstring) RETURNS whole IMMUTABLE STRICT LANGUAGE internal AS 'int4in';
CREATE FUNCTION whole_out(whole) RETURNS cstring IMMUTABLE STRICT LANGUAGE internal AS 'int4out';
CREATE TYPE whole (INPUT = whole_in, OUTPUT = whole_out, LIKE = integer, CATEGORY = 'N', PREFERRED = false, DEFAULT = '7');
CREATE FUNCTION whole_lt(whole, whole) RETURNS boolean IMMUTABLE STRICT LEAKPROOF LANGUAGE internal AS 'int4lt';
CREATE FUNCTION whole_eq(whole, whole) RETURNS boolean IMMUTABLE STRICT LANGUAGE internal AS 'int4eq';
CREATE FUNCTION whole_cmp(whole, whole) RETURNS integer IMMUTABLE STRICT LANGUAGE internal AS 'btint4cmp';
CREATE OPERATOR < (LEFTARG = whole, RIGHTARG = whole, FUNCTION = whole_lt);
CREATE OPERATOR = (LEFTARG = whole, RIGHTARG = whole, FUNCTION = whole_eq, MERGES);
CREATE OPERATOR FAMILY wholes USING btree;
CREATE OPERATOR CLASS whole_ops DEFAULT FOR TYPE whole USING btree FAMILY wholes AS OPERATOR 1 <, OPERATOR 3 =, FUNCTION 1 whole_cmp(whole, whole);
CREATE OPERATOR CLASS backwards FOR TYPE integer USING btree AS
    OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 btint4cmp(integer, integer);
CREATE CAST (whole AS integer) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (whole AS text) WITH INOUT;
CREATE TABLE wholes (w whole PRIMARY KEY, ws whole[], i integer);
INSERT INTO wholes VALUES ('1', '{1,NULL}', 1), ('-2147483648', NULL, NULL);
CREATE INDEX by_i ON wholes (i backwards);
CREATE AGGREGATE most_common (ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = mode_final, FINALFUNC_EXTRA);
CREATE TEXT SEARCH TEMPLATE template (LEXIZE = dsimple_lexize, INIT = dsimple_init);
CREATE TEXT SEARCH DICTIONARY from_template (TEMPLATE = template);
CREATE TEXT SEARCH PARSER parser (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype, HEADLINE = prsd_headline);
CREATE ACCESS METHOD another_heap TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE on_another_heap (id integer PRIMARY KEY, t text) USING another_heap;
INSERT INTO on_another_heap VALUES (1, 'a');

CREATE FUNCTION noted() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE EVENT TRIGGER zoo_noted ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE') EXECUTE FUNCTION noted();
CREATE EVENT TRIGGER zoo_silenced ON sql_drop EXECUTE FUNCTION noted();
ALTER EVENT TRIGGER zoo_silenced DISABLE;
COMMENT ON EVENT TRIGGER zoo_noted IS 'an event trigger';
CREATE PUBLICATION zoo_everything FOR ALL TABLES WITH (publish_via_partition_root = true);
CREATE PUBLICATION zoo_schemas FOR TABLES IN SCHEMA superuser, public;

CREATE FOREIGN DATA WRAPPER no_wrapper OPTIONS (debug 'true');
CREATE SERVER nowhere TYPE 'none' VERSION '1' FOREIGN DATA WRAPPER no_wrapper OPTIONS (host 'nowhere.invalid');
CREATE USER MAPPING FOR zoo_owner SERVER nowhere OPTIONS (user 'somebody');
CREATE FOREIGN TABLE far (id integer NOT NULL, t text OPTIONS (column_name 'T') DEFAULT 'x', CHECK (id > 0)) SERVER nowhere OPTIONS ("table" 'far "away"');
COMMENT ON SERVER nowhere IS 'a server';
GRANT USAGE ON FOREIGN SERVER nowhere TO zoo_reader;
GRANT USAGE ON FOREIGN DATA WRAPPER no_wrapper TO zoo_owner;

CREATE TABLE passed_on (id integer);
GRANT SELECT ON passed_on TO zoo_reader WITH GRANT OPTION;
GRANT USAGE ON SCHEMA superuser TO zoo_reader, zoo_other;
SET ROLE zoo_reader;
GRANT SELECT ON superuser.passed_on TO zoo_other;
RESET ROLE;
REVOKE USAGE ON LANGUAGE sql FROM PUBLIC;
GRANT USAGE ON LANGUAGE sql TO PUBLIC;
GRANT SELECT ON pg_catalog.pg_authid TO zoo_reader;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf() TO zoo_reader;
