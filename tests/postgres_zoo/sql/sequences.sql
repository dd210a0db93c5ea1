-- Sequences in every state: never called, called, at their end, going down, owned and shared.
CREATE SCHEMA sequences;
SET search_path = sequences;

CREATE SEQUENCE untouched;
CREATE SEQUENCE untouched_elsewhere START 42 INCREMENT 7;
CREATE SEQUENCE called;
SELECT nextval('called'), nextval('called');
CREATE SEQUENCE not_called;
SELECT setval('not_called', 99, false);
CREATE SEQUENCE first_is_called;
SELECT setval('first_is_called', 1, true);
CREATE SEQUENCE at_its_end AS smallint;
SELECT setval('at_its_end', 32767);
CREATE SEQUENCE at_the_very_end;
SELECT setval('at_the_very_end', 9223372036854775807);
CREATE SEQUENCE descending INCREMENT -3 MINVALUE -9223372036854775808 MAXVALUE -1 START -10;
SELECT nextval('descending'), nextval('descending');
CREATE SEQUENCE cycled AS integer MINVALUE 5 MAXVALUE 7 START 6 CYCLE;
SELECT nextval('cycled'), nextval('cycled'), nextval('cycled');
CREATE SEQUENCE cached CACHE 50;
SELECT nextval('cached');
CREATE UNLOGGED SEQUENCE unlogged_one;
SELECT nextval('unlogged_one');

CREATE TABLE owners (a serial, b bigserial, c smallserial, d integer GENERATED ALWAYS AS IDENTITY, e integer);
INSERT INTO owners (e) VALUES (1), (2), (3);
CREATE SEQUENCE owned OWNED BY owners.e;
SELECT setval('owned', 1000);
SELECT setval('owners_d_seq', 7, false);
CREATE SCHEMA sequences_elsewhere;
CREATE SEQUENCE sequences_elsewhere.shared;
CREATE TABLE uses_shared_1 (id bigint DEFAULT nextval('sequences_elsewhere.shared') PRIMARY KEY);
CREATE TABLE uses_shared_2 (id bigint DEFAULT nextval('sequences_elsewhere.shared'::text) PRIMARY KEY);
INSERT INTO uses_shared_1 DEFAULT VALUES;
INSERT INTO uses_shared_2 DEFAULT VALUES;
