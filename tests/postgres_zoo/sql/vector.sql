-- Vectors. The extension may be created by a superuser alone.
CREATE SCHEMA vector;
GRANT ALL ON SCHEMA vector TO zoo_owner;
CREATE EXTENSION vector SCHEMA vector;
SET ROLE zoo_owner;
SET search_path = vector;

CREATE TABLE points (id integer PRIMARY KEY, v vector(3), any_v vector, h halfvec(2), s sparsevec(5), b bit(4), many vector(1)[]);
INSERT INTO points VALUES
    (1, NULL, NULL, NULL, NULL, NULL, NULL), (2, '[0,-0,3.4028235e38]', '[1e-45]', '[65504,-6e-8]', '{1:1.5,5:-2}/5', B'1010', '{"[1]",NULL}'),
    (3, '[0.1,0.2,0.3]', '[1,2,3,4,5]', '[0,0]', '{}/5', B'0000', '{}');
CREATE INDEX nearest ON points USING hnsw (v vector_l2_ops) WITH (m = 4, ef_construction = 10);
CREATE VIEW close_points AS SELECT id FROM points ORDER BY v <-> '[1,1,1]' LIMIT 1;
