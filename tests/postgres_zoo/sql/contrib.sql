-- Types of extensions that PostgreSQL itself brings and that a database's owner may create.
CREATE SCHEMA contrib;
CREATE SCHEMA contrib_objects;
SET search_path = contrib, contrib_objects;

CREATE EXTENSION hstore SCHEMA contrib_objects;
CREATE EXTENSION citext SCHEMA contrib_objects;
CREATE EXTENSION ltree SCHEMA contrib_objects;
CREATE EXTENSION pg_trgm SCHEMA contrib_objects;
CREATE EXTENSION intarray SCHEMA contrib_objects;
CREATE EXTENSION cube SCHEMA contrib_objects;
CREATE EXTENSION seg SCHEMA contrib_objects;
CREATE EXTENSION isn SCHEMA contrib_objects;
CREATE EXTENSION lo SCHEMA contrib_objects;
CREATE EXTENSION btree_gist SCHEMA contrib_objects;
CREATE EXTENSION "uuid-ossp" SCHEMA contrib_objects;
CREATE EXTENSION unaccent SCHEMA contrib_objects;
COMMENT ON EXTENSION hstore IS 'another comment than its own';

CREATE TABLE extended (
    id integer PRIMARY KEY, h hstore, c citext UNIQUE, l ltree, q lquery, lt ltxtquery, i integer[], qi query_int, cu cube, s seg,
    e ean13, b isbn, b13 isbn13, m ismn, n issn, u upc, o lo, u4 uuid DEFAULT uuid_generate_v4(), hs hstore[], cs citext[]
);
INSERT INTO extended VALUES
    (1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (2, '', '', '', '*', 'a & !b', '{}', '1 & (2 | !3)', '(0)', '1.0', '4719512002889', '0-393-04002-X', '978-0-393-04002-9',
        '979-0-060-11561-5', '1436-4522', '220356483481', 12345, '00000000-0000-0000-0000-000000000000', '{}', '{}'),
    (3, '"a b"=>"\"q\"", "n"=>NULL, "é"=>"", ""=>"c=>d"', 'MiXed É', 'Top.Sub_1.表', '*.!a|b*{1,2}.c%@', 'a@ | b%*', '{1,NULL,3}', '7',
        '(1,2,3),(-Infinity,NaN,1e300)', '1.50(+-)0.02', '4719512002889', '0-393-04002-X', '978-0-393-04002-9', 'M-060-11561-5', '14364522', '220356483481', 4294967295,
        NULL, ARRAY['"x"=>"1, {2}"'::hstore, NULL], ARRAY['A"b', NULL]::citext[]),
    (4, 'k=>v', 'trail  ', 'a', 'a', 'a', '[0:1]={5,6}', '1', '()', '<1.0 .. ~2.0', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL);
CREATE INDEX by_trigram ON extended USING gin (c gin_trgm_ops);
CREATE INDEX by_path ON extended USING gist (l, id);
CREATE INDEX by_array ON extended USING gist (h);
CREATE TRIGGER unlink BEFORE UPDATE OR DELETE ON extended FOR EACH ROW EXECUTE FUNCTION lo_manage(o);
CREATE DOMAIN word AS citext CHECK (VALUE <> 'no');
CREATE TABLE words (w word PRIMARY KEY, during tstzrange, room integer, EXCLUDE USING gist (room WITH =, during WITH &&));
INSERT INTO words VALUES ('Yes', '[2000-01-01 00:00:00+00,)', 1), ('maybe', 'empty', 1);
