-- Large objects: without bytes, with holes, longer than a page, owned by another, granted, commented on.
CREATE SCHEMA objects;
SET search_path = objects;

SELECT lo_from_bytea(70001, '');
SELECT lo_from_bytea(70002, '\x00ff5c'), lo_from_bytea(4294967295, 'the last number');
SELECT lo_from_bytea(70003, (SELECT string_agg(sha256(i::text::bytea), '' ORDER BY i) FROM generate_series(1, 20000) AS i));
SELECT lo_create(70004), lo_put(70004, 5000000, 'far out');
SELECT lo_from_bytea(70005, 'other''s'), lo_from_bytea(70006, repeat('a', 2048)::bytea), lo_from_bytea(70007, repeat('b', 2049)::bytea);
ALTER LARGE OBJECT 70005 OWNER TO zoo_other;
SET ROLE zoo_other;
GRANT SELECT ON LARGE OBJECT 70005 TO zoo_reader;
RESET ROLE;
GRANT SELECT, UPDATE ON LARGE OBJECT 70002 TO "Zoo ""Gäst"" 100%" WITH GRANT OPTION;
GRANT SELECT ON LARGE OBJECT 70001 TO PUBLIC;
REVOKE UPDATE ON LARGE OBJECT 70006 FROM zoo_owner;
COMMENT ON LARGE OBJECT 70003 IS E'It''s "large"\nand 表';
CREATE TABLE pictures (id integer PRIMARY KEY, picture oid);
INSERT INTO pictures VALUES (1, 70001), (2, 70003), (3, 4294967295), (4, 12345), (5, NULL);
