-- Bytes that are no text of any encoding: a database of encoding SQL_ASCII takes them as they come.
CREATE SCHEMA sql_ascii;
SET search_path = sql_ascii;

CREATE TYPE label AS ENUM ('plain', E'\xe9t\xe9');
CREATE TABLE raw (id integer PRIMARY KEY, t text, c char(3), n name, j json, jb jsonb, a text[], e label, h "char");
INSERT INTO raw VALUES
    (1, E'\xff\xfe', E'\xe9', E'\x80', E'"\xe9"', E'{"\xff": 1}', ARRAY[E'\xc3', E'\xa9'], E'\xe9t\xe9', 'x'),
    (2, 'é', 'abc', '表', '1', '"é"', '{}', 'plain', ''), (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE keys (k text PRIMARY KEY);
INSERT INTO keys VALUES (E'\x80'), (E'\xff'), ('a'), (''), ('é');
