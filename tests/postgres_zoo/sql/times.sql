-- Dates and times, from the first day that PostgreSQL knows to the last, and beyond.
CREATE SCHEMA times;
SET search_path = times;

CREATE TABLE days (id integer PRIMARY KEY, d date);
INSERT INTO days VALUES
    (1, NULL), (2, 'infinity'), (3, '-infinity'), (4, '4714-11-24 BC'), (5, '5874897-12-31'), (6, '0001-12-31 BC'),
    (7, '0001-01-01'), (8, '9999-12-31'), (9, '10000-01-01'), (10, '1969-12-31'), (11, '1970-01-01'), (12, '2000-01-01'),
    (13, '2000-02-29'), (14, '1999-12-31'), (15, '0044-03-15 BC');

CREATE TABLE clocks (id integer PRIMARY KEY, t time, t0 time(0), t3 time(3), z timetz, z2 timetz(2));
INSERT INTO clocks VALUES
    (1, NULL, NULL, NULL, NULL, NULL),
    (2, '00:00:00', '00:00:00', '00:00:00', '00:00:00+15:59:59', '00:00:00-15:59:59'),
    (3, '24:00:00', '24:00:00', '24:00:00', '24:00:00-15:59:59', '24:00:00+15:59:59'),
    (4, '23:59:59.999999', '23:59:59', '23:59:59.999', '23:59:59.999999+00', '23:59:59.99+00'),
    (5, '00:00:00.000001', '23:59:59.9', '00:00:00.001', '12:00:00.1-03:30', '12:00:00.1+05:45'),
    (6, '12:34:56.7', '12:34:56', '12:34:56.78', '12:34:56+00:00:01', '12:34:56-00:00:01');

CREATE TABLE moments (id integer PRIMARY KEY, t timestamp, t0 timestamp(0), t3 timestamp(3), z timestamptz, z3 timestamptz(3));
INSERT INTO moments SELECT row_number() OVER (), t, t, t, t AT TIME ZONE 'UTC', t AT TIME ZONE 'UTC'
FROM unnest('{
    NULL, infinity, -infinity, 4714-11-24 00:00:00 BC, 4714-11-24 00:00:00.000001 BC, 0001-12-31 23:59:59.999999 BC,
    0001-01-01 00:00:00, 0044-03-15 10:00:00.5 BC, 9999-12-31 23:59:59.999, 10000-01-01 00:00:00, 294276-12-31 23:59:59.499,
    1969-12-31 23:59:59.999999, 1970-01-01 00:00:00, 1999-12-31 23:59:59.999999, 2000-01-01 00:00:00,
    2000-01-01 00:00:00.000001, 2000-01-01 00:00:00.1, 2016-12-31 23:59:60, 2024-02-29 12:34:56.7, 0099-01-01 00:00:00
}'::timestamp[]) AS given(t);
INSERT INTO moments (id, t, z) VALUES
    (100, '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999+00'),
    (101, '9999-12-31 23:59:59.999999', '9999-12-31 23:59:59.999999+00'),
    (102, '2024-03-31 02:30:00', '2024-03-31 02:30:00 Europe/Berlin'), (103, 'epoch', '1883-11-18 12:03:58-05:00:36');

CREATE TABLE spans (
    id integer PRIMARY KEY, i interval, i0 interval(0), i3 interval(3), y interval year, ym interval year to month,
    d interval day, dh interval day to hour, ds2 interval day to second(2), ms interval minute to second
);
INSERT INTO spans VALUES
    (1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (2, '0', '0', '0', '0', '0', '0', '0', '0', '0'),
    (3, '178000000 years', '1 mon -1 day', '0.001 s', '-178000000 years', '1-11', '30 days', '1 day 23:00', '1 day 23:59:59.99', '59:59.999999'),
    (4, '-178000000 years', '-1 mon +1 day', '-0.001 s', '1 year', '-1-11', '-30 days', '-1 day 23:00', '-1 day -23:59:59.99', '-00:00.000001'),
    (5, '1 year -2 mons +3 days -04:05:06.789', '24:00', '30 days', '99 years', '11 mons', '1 day', '25:00', '100:00:00', '1:00'),
    (6, '1 mon 30 days 720:00:00', '-1 years 1 mon', '1 day -00:00:00.001', '-1 year', '-1 mon', '-1 day', '-25:00', '-0.01 s', '-1:00'),
    (7, '-2147483648 mons 2147483647 days', '2147483647 days', '-2147483648 days', '0', '0', '0', '0', '0', '0'),
    (8, '2562047788:00:54.775807', '-2562047788:00:54', '00:00:00.0005', '0', '0', '0', '0', '0', '0'),
    (9, '0.000001 s', '0.5 s', '0.0004 s', '0', '0', '0', '0', '0.004 s', '0'), (10, '-0.000001 s', '1 day', '1 mon', '0', '0', '0', '0', '0', '0');

CREATE DOMAIN birthday AS date CHECK (VALUE > '1800-01-01');
CREATE DOMAIN instant AS timestamptz(3) NOT NULL;
CREATE TABLE events (name text PRIMARY KEY, born birthday, seen instant, wakes time DEFAULT '06:00', noted timestamp DEFAULT '2020-01-01');
INSERT INTO events VALUES ('a', 'infinity', 'infinity', '24:00', '-infinity'), ('b', '1899-12-31', '-infinity', DEFAULT, DEFAULT), ('c', NULL, '2024-01-01 00:00:00.123456+00', NULL, NULL);
