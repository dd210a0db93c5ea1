-- Partitions, inheritance, keys and constraints that depend on one another in circles.
CREATE SCHEMA tables;
SET search_path = tables;

CREATE TABLE measured (at date NOT NULL, place text, value numeric(8, 3)) PARTITION BY RANGE (at);
CREATE TABLE measured_old PARTITION OF measured FOR VALUES FROM (MINVALUE) TO ('2000-01-01');
CREATE TABLE measured_2000 PARTITION OF measured (value DEFAULT 7, CHECK (value <> 13)) FOR VALUES FROM ('2000-01-01') TO ('2001-01-01') PARTITION BY LIST (place);
CREATE TABLE measured_2000_here PARTITION OF measured_2000 FOR VALUES IN ('here', NULL);
CREATE TABLE measured_2000_there PARTITION OF measured_2000 FOR VALUES IN ('there', 'it''s') PARTITION BY RANGE ((value * 2), at);
CREATE TABLE measured_2000_there_low PARTITION OF measured_2000_there FOR VALUES FROM (MINVALUE, MINVALUE) TO (100, '2000-06-01');
CREATE TABLE measured_2000_there_high PARTITION OF measured_2000_there FOR VALUES FROM (100, '2000-06-01') TO (MAXVALUE, MAXVALUE);
CREATE TABLE measured_2000_rest PARTITION OF measured_2000 DEFAULT;
-- Another order of columns than its parent's, and a gap.
CREATE TABLE measured_late (value numeric(8, 3), gone text, place text, at date NOT NULL);
ALTER TABLE measured_late DROP COLUMN gone;
ALTER TABLE measured ATTACH PARTITION measured_late FOR VALUES FROM ('2001-01-01') TO (MAXVALUE);
CREATE TABLE measured_none PARTITION OF measured DEFAULT PARTITION BY HASH (place);
INSERT INTO measured VALUES
    ('-infinity', 'here', 1), ('1999-12-31', NULL, NULL), ('2000-01-01', 'here', 'NaN'), ('2000-02-01', NULL, 2), ('2000-03-01', 'there', 3.5),
    ('2000-09-01', 'there', 99.125), ('2000-04-01', 'it''s', -1), ('2000-05-01', 'elsewhere', 0), ('2001-01-01', 'here', 4), ('infinity', 'x', 5);
CREATE INDEX measured_by_place ON measured (place, at DESC);
ALTER TABLE measured ADD CONSTRAINT measured_is_small CHECK (value < 1000 OR value = 'NaN');
CREATE TABLE once_attached PARTITION OF measured_none FOR VALUES WITH (MODULUS 1, REMAINDER 0);
ALTER TABLE measured_none DETACH PARTITION once_attached;

CREATE TYPE colour AS ENUM ('red', 'green', 'blue', 'infrared', 'ultraviolet');
CREATE TABLE hashed (c colour, n integer, t text, PRIMARY KEY (c, n)) PARTITION BY HASH (c);
CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 3, REMAINDER 1) PARTITION BY HASH (n, c);
CREATE TABLE hashed_1_even PARTITION OF hashed_1 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE hashed_1_odd PARTITION OF hashed_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE hashed_2 PARTITION OF hashed FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO hashed SELECT c, n, c::text || n FROM unnest(enum_range(NULL::colour)) AS c, generate_series(1, 20) AS n;
CREATE TABLE refers_to_hashed (c colour, n integer, FOREIGN KEY (c, n) REFERENCES hashed ON UPDATE CASCADE) PARTITION BY LIST (c);
CREATE TABLE refers_red PARTITION OF refers_to_hashed FOR VALUES IN ('red');
CREATE TABLE refers_rest PARTITION OF refers_to_hashed DEFAULT;
INSERT INTO refers_to_hashed VALUES ('red', 1), ('blue', 20), (NULL, 5);

CREATE TABLE animals (id integer PRIMARY KEY, name text NOT NULL DEFAULT 'nameless', born date, CONSTRAINT has_name CHECK (name <> ''), CONSTRAINT mine CHECK (id < 1000) NO INHERIT);
CREATE TABLE swimmers (depth numeric(5, 1), born date DEFAULT '1900-01-01');
CREATE TABLE birds (id integer PRIMARY KEY, name text DEFAULT 'bird', wings smallint DEFAULT 2) INHERITS (animals);
CREATE TABLE penguins (depth numeric(5, 1) DEFAULT 20, CHECK (wings = 2)) INHERITS (birds, swimmers);
CREATE TABLE hens () INHERITS (birds);
CREATE TABLE adopted (id integer NOT NULL, name text NOT NULL CONSTRAINT has_name CHECK (name <> ''), born date, wings smallint, extra text);
ALTER TABLE adopted INHERIT animals;
ALTER TABLE hens ALTER name SET DEFAULT 'hen';
INSERT INTO animals VALUES (1, 'lion', NULL);
INSERT INTO birds VALUES (2, 'kiwi', '2001-01-01', 0), (1, 'same key', NULL, NULL);
INSERT INTO penguins (id, depth) VALUES (3, 500);
INSERT INTO hens (id) VALUES (4);
INSERT INTO adopted VALUES (5, 'stork', NULL, 2, 'x');
INSERT INTO swimmers VALUES (1.5, DEFAULT);

CREATE TABLE people (id integer PRIMARY KEY, boss integer REFERENCES people, house integer, code text UNIQUE NULLS NOT DISTINCT, email varchar(99) UNIQUE DEFERRABLE);
CREATE TABLE houses (id integer PRIMARY KEY, owner integer NOT NULL REFERENCES people DEFERRABLE INITIALLY DEFERRED, pet integer);
CREATE TABLE pets (id integer, house integer, PRIMARY KEY (house, id) INCLUDE (name), name text, FOREIGN KEY (house) REFERENCES houses ON DELETE CASCADE);
BEGIN;
INSERT INTO people VALUES (1, 1, 1, NULL, 'a@b'), (2, 1, NULL, 'x', NULL), (3, 2, 1, 'y', NULL);
INSERT INTO houses VALUES (1, 1, 7);
INSERT INTO pets VALUES (7, 1, 'Rex');
COMMIT;
ALTER TABLE people ADD CONSTRAINT lives_in FOREIGN KEY (house) REFERENCES houses ON DELETE SET NULL;
ALTER TABLE houses ADD CONSTRAINT has_pet FOREIGN KEY (id, pet) REFERENCES pets MATCH FULL ON DELETE SET NULL (pet) DEFERRABLE;
-- Constraints that the rows break, as they were never checked.
INSERT INTO people VALUES (99, NULL, NULL, 'homeless', NULL);
CREATE TABLE broken (id integer, person integer);
INSERT INTO broken VALUES (-1, 12345);
ALTER TABLE broken ADD CONSTRAINT is_positive CHECK (id > 0) NOT VALID, ADD CONSTRAINT is_known FOREIGN KEY (person) REFERENCES people NOT VALID;

CREATE TABLE rooms (id integer, during tsrange, box box, EXCLUDE USING gist (during WITH &&) WHERE (id > 0), CONSTRAINT apart EXCLUDE USING gist (box WITH &&) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO rooms VALUES (1, '[2000-01-01,2000-01-02)', '(1,1),(0,0)'), (2, '[2000-01-02,)', '(3,3),(2,2)'), (0, '(,)', NULL);
