-- Collations of ICU, one of which takes different bytes for equal.
CREATE SCHEMA icu;
SET search_path = icu;

CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE COLLATION numeric_order (provider = icu, locale = 'en-u-kn-true');
CREATE COLLATION swedish FROM "sv-x-icu";
COMMENT ON COLLATION blind IS 'ABC is abc';
CREATE TABLE blind_keys (k text COLLATE blind PRIMARY KEY, n integer);
INSERT INTO blind_keys SELECT chr(97 + i % 26) || CASE i % 3 WHEN 0 THEN upper('key') ELSE 'key' END || i, i FROM generate_series(1, 2000) AS i;
INSERT INTO blind_keys VALUES ('Ünï', 1), ('ﬀ', 2), ('', 3), (E'e\u0301', 4);
CREATE TABLE numbered (k text COLLATE numeric_order PRIMARY KEY, s varchar(20) COLLATE swedish);
INSERT INTO numbered SELECT 'item ' || i, (ARRAY['åre', 'zorn', 'ängel', 'öl'])[i % 4 + 1] FROM generate_series(1, 200) AS i;
CREATE DOMAIN blind_text AS text COLLATE blind;
CREATE TABLE blind_domains (d blind_text UNIQUE, "Two" text COLLATE "de-x-icu");
INSERT INTO blind_domains VALUES ('A', 'ß'), ('b', 'ss'), (NULL, NULL);
CREATE TYPE swedish_range AS RANGE (subtype = text, collation = swedish);
CREATE TABLE swedish_ranges (r swedish_range);
INSERT INTO swedish_ranges VALUES ('[z,å)'), ('empty');
CREATE TABLE by_blind (k text COLLATE blind) PARTITION BY LIST (k);
CREATE TABLE by_blind_a PARTITION OF by_blind FOR VALUES IN ('a');
CREATE TABLE by_blind_rest PARTITION OF by_blind DEFAULT;
INSERT INTO by_blind VALUES ('A'), ('a'), ('b'), (NULL);
