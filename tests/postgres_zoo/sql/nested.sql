-- Values made of values: arrays, composites, domains, ranges; shapes and addresses.
CREATE SCHEMA nested;
SET search_path = nested;

CREATE TABLE arrays (id integer PRIMARY KEY, i integer[], t text[], n numeric(6, 2)[], b bytea[], d date[], f float8[], c char(3)[], j jsonb[]);
INSERT INTO arrays VALUES
    (1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (2, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'),
    (3, '{NULL}', '{NULL,"NULL","null",""}', '{NULL,NaN}', '{NULL,"\\x"}', '{infinity,"0044-03-15 BC"}', '{NaN,-0,Infinity}', '{"a  "}', '{"null",NULL}'),
    (4, '[0:2]={1,2,3}', '[-5:-4]={a,b}', '[2:2]={1.10}', '[0:0]={"\\x00ff"}', '{2000-01-01}', '{5e-324}', '{abc}', '{"{\"a\": [1, \"}\"]}"}'),
    (5, '{{1,2},{3,NULL}}', '{{"a\"b","c\\d"},{"e{f}","g,h"}}', '{{1},{2}}', '{{"\\x5c"}}', '{{2000-01-01},{NULL}}', '{{1e300}}', '{{x}}', '{{1},{2}}'),
    (6, '[2:3][-1:0][5:5]={{{1},{2}},{{3},{4}}}', E'{" lead","trail ","new\nline","tab\t"}', '{-9999.99}', '{"\\x00"}', '{-infinity}', '{-1e-300}', '{" a"}', '{"\"x\""}'),
    (7, (SELECT array_agg(i) FROM generate_series(1, 20000) AS i), '{表é,🦒}', '{0.00}', '{}', '{}', '{}', '{}', '{}');

CREATE TYPE pair AS (x integer, y text);
CREATE TYPE "Odd Pair" AS ("First ""one""" numeric(5, 1), "select" pair, many pair[], at timestamptz);
CREATE TABLE composites (id integer PRIMARY KEY, p pair, ps pair[], o "Odd Pair");
INSERT INTO composites VALUES
    (1, NULL, NULL, NULL), (2, ROW(NULL, NULL), '{}', ROW(NULL, NULL, NULL, NULL)), (3, ROW(1, NULL), ARRAY[NULL::pair], ROW(1.5, NULL, '{}', NULL)),
    (4, ROW(NULL, ''), ARRAY[ROW(1, 'a')::pair, ROW(NULL, NULL)::pair], ROW(NULL, ROW(NULL, NULL)::pair, NULL, 'infinity')),
    (5, ROW(-1, 'it''s "quoted", (nested) \ back'), ARRAY[ROW(1, '{"}')::pair], ROW(9999.9, ROW(2, ' sp ')::pair, ARRAY[ROW(3, ',')::pair], '2024-01-01 00:00:00+00')),
    (6, ROW(0, E'line\nbreak'), ARRAY[[ROW(1, '1')::pair], [ROW(2, '2')::pair]], NULL), (7, ROW(1, 'NULL'), NULL, NULL);
CREATE TABLE row_typed (id integer PRIMARY KEY, whole composites);
INSERT INTO row_typed SELECT c.id, c FROM composites AS c;

CREATE DOMAIN positive AS integer DEFAULT 1 CONSTRAINT must_be_positive CHECK (VALUE > 0);
CREATE DOMAIN small_positive AS positive CHECK (VALUE < 100);
CREATE DOMAIN code AS varchar(3) COLLATE "C" NOT NULL;
CREATE DOMAIN padded AS char(6);
CREATE DOMAIN series AS integer[] CHECK (array_length(VALUE, 1) < 5);
CREATE DOMAIN right_pair AS pair CHECK (coalesce((VALUE).x, 1) > 0);
CREATE DOMAIN octets AS bytea;
CREATE TABLE domains (id positive PRIMARY KEY, s small_positive, c code DEFAULT 'abc', p padded, i series, r right_pair, many positive[], o octets, j jsonb);
INSERT INTO domains VALUES
    (1, 99, '', 'a', '{}', ROW(1, NULL), '{1,2}', '', '{}'), (2, NULL, 'é', NULL, NULL, NULL, NULL, NULL, NULL),
    (2147483647, 1, '   ', '      ', '[0:1]={1,NULL}', ROW(2, 'b'), '{NULL}', '\xff', '1');

CREATE FUNCTION distance(double precision, double precision) RETURNS double precision IMMUTABLE LANGUAGE sql RETURN $1 - $2;
CREATE TYPE float_range AS RANGE (subtype = float8, subtype_diff = distance, multirange_type_name = float_ranges);
CREATE TYPE text_range AS RANGE (subtype = text, collation = "C");
CREATE TABLE ranges (
    id integer PRIMARY KEY, i4 int4range, i8 int8range, n numrange, d daterange, ts tsrange, tz tstzrange, f float_range, t text_range
);
INSERT INTO ranges VALUES
    (1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (2, 'empty', 'empty', 'empty', 'empty', 'empty', 'empty', 'empty', 'empty'),
    (3, '(,)', '(,)', '(,)', '(,)', '(,)', '(,)', '(,)', '(,)'),
    (4, '[1,5]', '(,-9223372036854775808)', '(1.10,2.200]', '[-infinity,infinity)', '[-infinity,infinity]', '[2000-01-01 00:00:00+00,)', '[-Infinity,NaN]', '["(","a, ""b""")'),
    (5, '[-2147483648,2147483647)', '[0,9223372036854775807)', '[NaN,NaN]', '(0044-03-15 BC,)', '(2000-01-01,2000-01-02)', '(,infinity]', '(0,1]', '["","\\")'),
    (6, '(1,3)', '[7,8)', '[-Infinity,1.0)', '[2000-01-01,2000-01-31]', '[epoch,infinity)', '[4714-11-24 00:00:00 BC,294276-12-31 23:59:59)', '[-0,0]', '[A,a]');
CREATE TABLE multiranges (
    id integer PRIMARY KEY, i4 int4multirange, i8 int8multirange, n nummultirange, d datemultirange, ts tsmultirange, tz tstzmultirange, f float_ranges
);
INSERT INTO multiranges VALUES
    (1, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (2, '{}', '{}', '{}', '{}', '{}', '{}', '{}'),
    (3, '{(,1),[3,5],[9,)}', '{(,)}', '{[1.0,1.00],(2,)}', '{(,2000-01-01],[2001-01-01,infinity)}', '{[epoch,epoch]}', '{(,-infinity]}', '{[-Infinity,0),(0,NaN]}');

CREATE TABLE shapes (id integer PRIMARY KEY, p point, l line, s lseg, b box, h path, g polygon, c circle, many box[]);
INSERT INTO shapes VALUES
    (1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (2, '(0,-0)', '{1,-1,0}', '[(0,0),(1,1)]', '(1,1),(0,0)', '((0,0),(1,1),(2,0))', '((0,0),(1,1),(2,0))', '<(0,0),0>', '{(1,1),(0,0);(3,3),(2,2)}'),
    (3, '(Infinity,NaN)', '{0,-1,NaN}', '[(NaN,0),(Infinity,1)]', '(Infinity,1),(-Infinity,0)', '[(1e300,1e-300)]', '((NaN,1))', '<(1,2),Infinity>', '{}'),
    (4, '(1.7976931348623157e308,5e-324)', '{0.1,0.2,0.3}', '[(0.1,0.2),(0.3,0.4)]', '(0.3,0.4),(0.1,0.2)', '[(0.1,0.2),(0.3,0.4)]', '((0.1,0.2),(0.3,0.4),(0,0))', '<(0.1,0.2),0.3>', NULL);

CREATE TABLE addresses (id integer PRIMARY KEY, i inet, c cidr, m macaddr, m8 macaddr8, many inet[]);
INSERT INTO addresses VALUES
    (1, NULL, NULL, NULL, NULL, NULL), (2, '0.0.0.0', '0.0.0.0/0', '00:00:00:00:00:00', '00:00:00:00:00:00:00:00', '{}'),
    (3, '255.255.255.255', '255.255.255.255', 'ff:ff:ff:ff:ff:ff', 'ff:ff:ff:ff:ff:ff:ff:ff', '{127.0.0.1,NULL}'),
    (4, '192.168.1.5/24', '192.168.1.0/24', '08-00-2b-01-02-03', '08:00:2b:ff:fe:01:02:03', '{::1/128,::/0}'),
    (5, '::', '::/0', '08002b:010203', '08002b:0102030405', NULL),
    (6, '2001:db8::ffff/64', '2001:db8::/32', '0800.2b01.0203', '0800.2b01.0203', NULL), (7, '::ffff:1.2.3.4', '::ffff:1.2.3.4/128', NULL, NULL, NULL);
