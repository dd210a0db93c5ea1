-- Foreign tables that could be read: their rows are elsewhere and belong to no backup of this database.
CREATE SCHEMA foreign_data;
CREATE EXTENSION file_fdw SCHEMA foreign_data;
CREATE EXTENSION postgres_fdw SCHEMA foreign_data;
SET search_path = foreign_data;

CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE server_version (line text) SERVER files OPTIONS (filename 'PG_VERSION', format 'text');
CREATE SERVER another FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1', dbname 'none');
ALTER SERVER another OWNER TO zoo_owner;
CREATE USER MAPPING FOR PUBLIC SERVER another OPTIONS (user 'nobody', password 'not-a-secret');
CREATE TABLE parts (id integer, t text) PARTITION BY RANGE (id);
CREATE TABLE here PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE FOREIGN TABLE there PARTITION OF parts FOR VALUES FROM (10) TO (20) SERVER another;
INSERT INTO parts VALUES (1, 'here');
