-- Functions of every kind, operators, casts, and what full text search is made of.
CREATE SCHEMA code;
SET search_path = code;

CREATE TABLE accounts (id integer PRIMARY KEY, owner text, balance numeric(12, 2) DEFAULT 0);
INSERT INTO accounts VALUES (1, 'a', 10), (2, 'b', NULL);
CREATE FUNCTION add(a integer, b integer DEFAULT 2) RETURNS integer IMMUTABLE STRICT PARALLEL SAFE COST 3 LANGUAGE sql AS 'SELECT a + b';
CREATE FUNCTION add(a text, VARIADIC b text[]) RETURNS text IMMUTABLE LANGUAGE sql AS $_$SELECT a || array_to_string(b, '$$')$_$;
CREATE FUNCTION parsed(a integer, OUT b integer, INOUT c text DEFAULT E'\\ ''q''') IMMUTABLE LANGUAGE sql BEGIN ATOMIC SELECT a + 1, $2 || '!'; END;
CREATE FUNCTION rich("Least" numeric) RETURNS SETOF accounts STABLE ROWS 10 LANGUAGE sql BEGIN ATOMIC SELECT * FROM accounts WHERE balance > "Least"; END;
CREATE FUNCTION listed() RETURNS TABLE (id integer, "Name" text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = code, pg_temp SET work_mem = '8MB' AS $body$
-- Name: not a header; Type: TABLE
BEGIN
    RETURN QUERY SELECT a.id, a.owner FROM code.accounts AS a;  /* $$ inside */
END
$body$;
CREATE FUNCTION anything(a anyelement, b anyarray) RETURNS anyelement LANGUAGE sql AS 'SELECT coalesce(a, b[1])';
-- It does not run: the body names what is not there, and nobody looks at it before the call.
CREATE FUNCTION broken() RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT x FROM not_there); END';
CREATE PROCEDURE move(source integer, target integer, INOUT amount numeric) LANGUAGE plpgsql AS $$
BEGIN
    UPDATE code.accounts SET balance = balance - amount WHERE id = source;
    COMMIT;
END
$$;
CREATE PROCEDURE emptied() LANGUAGE sql BEGIN ATOMIC DELETE FROM accounts WHERE id < 0; END;

CREATE AGGREGATE total (numeric) (SFUNC = numeric_add, STYPE = numeric, INITCOND = '0', PARALLEL = safe, COMBINEFUNC = numeric_add, MSFUNC = numeric_add, MINVFUNC = numeric_sub, MSTYPE = numeric, MINITCOND = '0');
CREATE AGGREGATE middle (ORDER BY integer) (SFUNC = int4larger, STYPE = integer);
CREATE FUNCTION join_two(text, text, text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT coalesce($1 || $3, '''') || $2';
CREATE AGGREGATE joined (text, text) (SFUNC = join_two, STYPE = text);

CREATE TYPE complex AS (re float8, im float8);
CREATE FUNCTION complex_add(complex, complex) RETURNS complex IMMUTABLE LANGUAGE sql AS 'SELECT ROW($1.re + $2.re, $1.im + $2.im)::code.complex';
CREATE FUNCTION complex_eq(complex, complex) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT $1.re = $2.re AND $1.im = $2.im';
CREATE FUNCTION complex_ne(complex, complex) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT NOT code.complex_eq($1, $2)';
CREATE FUNCTION complex_minus(complex) RETURNS complex IMMUTABLE LANGUAGE sql AS 'SELECT ROW(-$1.re, -$1.im)::code.complex';
CREATE OPERATOR + (LEFTARG = complex, RIGHTARG = complex, FUNCTION = complex_add, COMMUTATOR = +);
CREATE OPERATOR === (LEFTARG = complex, RIGHTARG = complex, FUNCTION = complex_eq, COMMUTATOR = ===, NEGATOR = !==, RESTRICT = eqsel, JOIN = eqjoinsel);
CREATE OPERATOR !== (LEFTARG = complex, RIGHTARG = complex, FUNCTION = complex_ne, COMMUTATOR = !==, NEGATOR = ===, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR -| (RIGHTARG = complex, FUNCTION = complex_minus);
-- A cast to text that does not say what the type's output function says.
CREATE FUNCTION complex_text(complex) RETURNS text IMMUTABLE LANGUAGE sql AS $$SELECT 'a lie'$$;
CREATE CAST (complex AS text) WITH FUNCTION complex_text(complex) AS ASSIGNMENT;
CREATE FUNCTION complex_of(float8) RETURNS complex IMMUTABLE LANGUAGE sql AS 'SELECT ROW($1, 0)::code.complex';
CREATE CAST (float8 AS complex) WITH FUNCTION complex_of(float8) AS IMPLICIT;
CREATE CAST (json AS complex) WITH INOUT;
CREATE TABLE complexes (id integer PRIMARY KEY DEFAULT add(1), c complex, CHECK (c === c), UNIQUE (id, c));
INSERT INTO complexes VALUES (1, ROW(1, -1)), (2, NULL), (3, 2.5::float8);
CREATE INDEX sums ON complexes ((c + ROW(1, 1)::complex));
CREATE VIEW doubled AS SELECT id, c + c AS twice, total(id) OVER () AS ids, middle() WITHIN GROUP (ORDER BY id) AS m FROM complexes GROUP BY id, c;

CREATE TEXT SEARCH DICTIONARY plain_words (TEMPLATE = pg_catalog.simple, ACCEPT = false, STOPWORDS = english);
CREATE TEXT SEARCH DICTIONARY stems (TEMPLATE = pg_catalog.snowball, LANGUAGE = 'german');
CREATE TEXT SEARCH CONFIGURATION own (PARSER = pg_catalog."default");
ALTER TEXT SEARCH CONFIGURATION own ADD MAPPING FOR asciiword, word, hword WITH plain_words, stems;
ALTER TEXT SEARCH CONFIGURATION own ADD MAPPING FOR url, host, "int" WITH simple;
CREATE TABLE pages (body text, words tsvector GENERATED ALWAYS AS (to_tsvector('code.own', body)) STORED, used regconfig DEFAULT 'code.own');
INSERT INTO pages VALUES ('die Häuser of http://example.org/x 12'), (NULL);
CREATE CONVERSION latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE COLLATION bytewise (LOCALE = 'C');
CREATE COLLATION copied FROM "POSIX";
CREATE TABLE collated (a text COLLATE bytewise PRIMARY KEY, b text COLLATE copied);
INSERT INTO collated VALUES ('b', 'B'), ('B', 'b'), ('é', NULL);

-- In a circle: the table's default calls a function whose argument is the table's row.
CREATE TABLE circular (id integer, size integer);
CREATE FUNCTION size_of(circular) RETURNS integer LANGUAGE sql STABLE AS 'SELECT count(*)::integer FROM code.circular';
ALTER TABLE circular ALTER size SET DEFAULT size_of(NULL);
INSERT INTO circular VALUES (1, 1);
