-- Values of 100 MiB, and rows that have several of them.
CREATE SCHEMA giant;
SET search_path = giant;

CREATE TABLE giants (id integer PRIMARY KEY, t text, b bytea, j json, jb jsonb);
INSERT INTO giants VALUES
    (1, repeat('0123456789abcdef', 6553600), NULL, NULL, NULL), (2, 'small', '\x00', '{}', '{}'),
    (3, NULL, decode(repeat('00ff5c0a', 26214400), 'hex'), NULL, NULL), (4, 'small again', NULL, NULL, NULL),
    (5, NULL, NULL, ('"' || repeat('json', 26214400) || '"')::json, ('"' || repeat('json', 26214400) || '"')::jsonb);
