-- Text, bytes, JSON, enumerations and search types.
CREATE SCHEMA texts;
SET search_path = texts;

CREATE TABLE strings (
    id integer PRIMARY KEY, t text, v varchar, v3 varchar(3), c5 char(5), c1 char, bp bpchar, n name, ch "char",
    c text COLLATE "C", p varchar(10) COLLATE "POSIX", u text COLLATE ucs_basic, rc refcursor
);
INSERT INTO strings VALUES
    (1, '', '', '', '', '', '', '', '', '', '', '', ''),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (3, '\N', '\.', 'NUL', 'NULL', '\', '\N', '\N', '\', '"', ',', '{}', '()'),
    (4, ' both ', ' b ', ' b ', ' b ', ' ', ' b ', ' b ', ' ', ' ', '  ', ' ', ' '),
    (5, E'tab\tcr\rlf\ncrlf\r\nbell\b\f\v', E'\r\n', E'\n\n\n', E'\t', E'\n', E'a\n ', E'\t', E'\n', E'\n', E'\t', '', ''),
    (6, '表é🦒', '🦒🦒🦒', '🦒🦒🦒', 'é', '表', '表  ', 'naïve', 'z', 'é', 'Å', 'Å', '表'),
    (7, U&'\+10FFFF\FFFF\FEFF\0301\200F\2028\D83D\DE00', U&'\0080\00A0', U&'\0065\0301', 'x', 'x', 'x', 'x', 'x',
        U&'\0001\001F\007F', 'a', 'a', 'a'),
    (8, repeat(E'\\', 999), repeat('''', 99), '"""', '$$', '%', '%s', '%%', '%', '--', '/*', E'\\x41', 'c'),
    (9, (SELECT string_agg(chr(i), '') FROM generate_series(1, 1000) AS i), 'a', 'a', 'a', 'a', 'a', repeat('n', 63),
        '~', 'a', 'a', 'a', 'a');
INSERT INTO strings (id, t) SELECT 10, string_agg(md5(i::text), '') FROM generate_series(1, 30000) AS i;
INSERT INTO strings (id, t) VALUES (11, repeat('a', 2000000));

CREATE TABLE bytes (id integer PRIMARY KEY, b bytea);
INSERT INTO bytes VALUES (1, ''), (2, NULL), (3, '\x00'), (4, '\xff'), (5, E'\\\\x41'), (6, '\x5c4e');
INSERT INTO bytes SELECT 7, string_agg(decode(lpad(to_hex(i), 2, '0'), 'hex'), '' ORDER BY i) FROM generate_series(0, 255) AS i;
INSERT INTO bytes SELECT 8, string_agg(sha256(i::text::bytea), '' ORDER BY i) FROM generate_series(1, 30000) AS i;

CREATE TABLE documents (id integer PRIMARY KEY, j json, jb jsonb, path jsonpath);
INSERT INTO documents VALUES
    (1, 'null', 'null', '$'), (2, NULL, NULL, NULL), (3, '  {"b" :1, "a":2,  "b":3 }', '{"b": 1, "a": 2, "b": 3}', '$.a'),
    (4, '"\u0000\ud83e\udd92"', '"🦒 \u00e9 \\ \" / \b"', 'strict $."a b"[*] ? (@ > 1)'), (5, '[]', '[]', '$[0 to last]'),
    (6, E'\n\t[1,\n2]\r\n', '[1, [2, [3, {"a": {}}]]]', '$.a.b.c'), (7, '1E400', '1E400', '$ == 1'),
    (8, '-0', '-0.0', '1'), (9, '1.10', '1.10', '"x"'), (10, 'true', 'false', 'lax $'), (11, '""', '""', 'null'),
    (12, ('[' || repeat('12345,', 99999) || '0]')::json, ('[' || repeat('12345,', 99999) || '0]')::jsonb, '$'),
    (13, (repeat('[', 500) || repeat(']', 500))::json, (repeat('[', 500) || repeat(']', 500))::jsonb, '$');

CREATE TABLE uuids (id uuid PRIMARY KEY, other uuid);
INSERT INTO uuids VALUES
    ('00000000-0000-0000-0000-000000000000', NULL), ('ffffffff-ffff-ffff-ffff-ffffffffffff', 'ffffffffffffffffffffffffffffffff'),
    ('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}');

-- Its order is that of the labels, of which two came later.
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy', 'it''s "quoted"', 'comma, {brace}', '\N', '', 'NULL', ' blank ', '表é');
ALTER TYPE mood ADD VALUE 'livid' BEFORE 'sad';
ALTER TYPE mood ADD VALUE '123456789012345678901234567890123456789012345678901234567890123' AFTER 'ok';
CREATE DOMAIN good_mood AS mood CHECK (VALUE <> 'sad');
CREATE TABLE moods (id integer PRIMARY KEY, m mood, g good_mood, many mood[]);
INSERT INTO moods SELECT row_number() OVER (), m, nullif(m, 'sad'), ARRAY[m, NULL, m] FROM unnest(enum_range(NULL::mood)) AS m;
INSERT INTO moods VALUES (0, NULL, NULL, NULL), (-1, 'ok', 'ok', '{}');

CREATE TABLE searched (v tsvector, q tsquery);
INSERT INTO searched VALUES
    ('', ''), (NULL, NULL), ('a:1A,2B,3C,4D b ''it''''s'' ''sp ace'' ''back\\slash''', 'a & !b | (c <-> d:*A <3> e:AB)'),
    ('a:1,16383', '''it''''s'' & ''sp ace'''), (to_tsvector('english', 'The quick giraffes'), to_tsquery('english', 'giraffes'));
