-- A child that was made before it had a parent: pg_dump puts its columns back in the parent's order.
CREATE SCHEMA reordered;
SET search_path = reordered;

CREATE TABLE parents (id integer, name text, born date);
CREATE TABLE adopted (extra text, born date, name text, id integer);
ALTER TABLE adopted INHERIT parents;
INSERT INTO adopted VALUES ('x', '2000-01-01', 'stork', 5), (NULL, NULL, NULL, NULL);
