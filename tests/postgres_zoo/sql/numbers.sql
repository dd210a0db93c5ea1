-- Numbers of every kind at their extremes; identifiers of the system's own objects.
CREATE SCHEMA numbers;
SET search_path = numbers;

CREATE TABLE integers (id integer PRIMARY KEY, i2 smallint, i4 integer, i8 bigint, flag boolean);
INSERT INTO integers VALUES
    (-2147483648, -32768, -2147483648, -9223372036854775808, false),
    (0, 0, 0, 0, NULL),
    (1, NULL, NULL, NULL, NULL),
    (2, 1, -1, 1, true),
    (2147483647, 32767, 2147483647, 9223372036854775807, true);

CREATE TABLE floats (f4 real, f8 double precision);
INSERT INTO floats VALUES
    (NULL, NULL), ('NaN', 'NaN'), ('Infinity', 'Infinity'), ('-Infinity', '-Infinity'), ('-0', '-0'), (0, 0),
    (1e-45, 5e-324), (3.4028235e38, 1.7976931348623157e308), (-3.4028235e38, -1.7976931348623157e308),
    (1.1754944e-38, 2.2250738585072014e-308), (0.1, 0.1), (16777217, 9007199254740993), (1 / 3.0, 1 / 3.0);

CREATE TABLE numerics (
    id integer PRIMARY KEY, any_numeric numeric, n1 numeric(1), n9 numeric(9, 4), n18 numeric(18, 18),
    n38 numeric(38), n38_38 numeric(38, 38), n38_10 numeric(38, 10), n39 numeric(39, 3), n1000 numeric(1000, 500)
);
INSERT INTO numerics VALUES
    (1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (2, 'NaN', 'NaN', 'NaN', 'NaN', 'NaN', 'NaN', 'NaN', 'NaN', 'NaN'),
    (3, 'Infinity', 9, 99999.9999, 0.999999999999999999, repeat('9', 38)::numeric, ('0.' || repeat('9', 38))::numeric,
        (repeat('9', 28) || '.9999999999')::numeric, (repeat('9', 36) || '.999')::numeric,
        (repeat('9', 500) || '.' || repeat('9', 500))::numeric),
    (4, '-Infinity', -9, -99999.9999, -0.999999999999999999, -repeat('9', 38)::numeric,
        -('0.' || repeat('9', 38))::numeric, -1, -0.001, -1e-500),
    (5, 1.000, 0, 0, 0, 0, 0, 0, 0, 0),
    (6, 0.00, 1, 0.0001, 1e-18, 1, 1e-38, 1e-10, 1e-3, 1e499),
    (7, 1e131071, 1, 10000, 0.1, 1e37, 0.1, 1e27, 1e35, 1),
    (8, 1e-16383, -1, -10000, -0.1, -1e37, -0.1, 127, 128, 255),
    (9, (repeat('9', 131072) || '.' || repeat('9', 16383))::numeric, 2, 12.8, 0.5, 128, 0.5, 256, 32768, 65536),
    (10, -12345678901234567890.1234567890, 3, -12.8, -0.5, -128, -0.5, -129, -32769, -65537);

CREATE DOMAIN price AS numeric(12, 2) CHECK (VALUE >= 0 OR VALUE = 'NaN');
CREATE DOMAIN discounted_price AS price CHECK (VALUE < 1e9 OR VALUE = 'NaN');
CREATE TABLE scales (negative numeric(3, -2), small numeric(3, 5), price price, discounted discounted_price);
INSERT INTO scales VALUES
    (99900, 0.00999, 9999999999.99, 0.00), (-100, -0.00001, 0, 999999999.99), ('NaN', 'NaN', 'NaN', 'NaN'),
    (0, 0, 1.1, 1.10), (NULL, NULL, NULL, NULL);

CREATE TABLE amounts (m money);
INSERT INTO amounts VALUES
    ('92233720368547758.07'), ('-92233720368547758.08'), ('0'), ('-0.01'), ('1234567.89'), (NULL);

CREATE TABLE bits (b1 bit, b8 bit(8), b83 bit(83), v varbit, v5 varbit(5));
INSERT INTO bits VALUES
    (B'0', B'00000000', repeat('0', 83)::bit(83), B'', B''),
    (B'1', B'11111111', repeat('1', 83)::bit(83), repeat('10', 500)::varbit, B'11111'),
    (B'1', B'10000001', repeat('01', 42)::bit(83), B'1', B'000'), (NULL, NULL, NULL, NULL, NULL);

CREATE TABLE identifiers (
    o oid, x xid, x8 xid8, c cid, t tid, lsn pg_lsn, snapshot pg_snapshot, old_snapshot txid_snapshot,
    i2v int2vector, ov oidvector
);
INSERT INTO identifiers VALUES
    (0, '0', '0', '0', '(0,0)', '0/0', '1:1:', '1:1:', '', ''),
    (4294967295, '4294967295', '18446744073709551615', '4294967295', '(4294967295,65535)', 'FFFFFFFF/FFFFFFFF',
        '10:20:10,14,15', '10:20:10,14,15', '1 -32768 32767', '0 1 4294967295'),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

-- Object identifiers as names: their numbers do not survive a restore.
CREATE TABLE names_of_objects (
    class regclass, kind regtype, proc regproc, procedure regprocedure, oper regoper, operator regoperator,
    role regrole, namespace regnamespace, config regconfig, dictionary regdictionary, coll regcollation, acl aclitem
);
INSERT INTO names_of_objects VALUES
    ('pg_catalog.pg_class', 'integer', 'now', 'abs(integer)', '||/', '+(integer,integer)', 'zoo_owner',
        'pg_catalog', 'english', 'simple', '"C"', 'zoo_reader=r*w/zoo_owner'),
    ('numbers.integers', 'numbers.price', '-', '-', '0', '0', '-', 'numbers', '-', '-', '"POSIX"', '=X/zoo_owner'),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
