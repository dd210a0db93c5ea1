-- Indexes, statistics, views, materialized views, rules and triggers, some of which would spoil a load.
CREATE SCHEMA relations;
SET search_path = relations;

CREATE TABLE goods (id integer PRIMARY KEY, name text NOT NULL, kind char(4), price numeric(10, 2), tags text[], doc jsonb, words tsvector, at timestamptz, place point, span int4range);
INSERT INTO goods SELECT i, 'good ' || i, (ARRAY['new', 'old', NULL])[i % 3 + 1], i * 1.1, ARRAY['t' || i % 5, NULL], jsonb_build_object('n', i), to_tsvector('simple', 'good ' || i),
    '2000-01-01 00:00:00+00'::timestamptz + i * interval '1 hour', point(i, -i), int4range(i, i + 3) FROM generate_series(1, 500) AS i;
CREATE UNIQUE INDEX goods_lower ON goods (lower(name)) WHERE price > 0;
CREATE UNIQUE INDEX goods_include ON goods (id DESC NULLS LAST) INCLUDE (name, price) WITH (fillfactor = 70);
CREATE INDEX goods_pattern ON goods (name text_pattern_ops, kind COLLATE "C" DESC);
CREATE INDEX goods_expression ON goods ((price * 2), (doc -> 'n'), date_trunc('day', at AT TIME ZONE 'UTC'));
CREATE INDEX goods_hash ON goods USING hash (kind);
CREATE INDEX goods_gin ON goods USING gin (tags, doc jsonb_path_ops) WITH (fastupdate = off);
CREATE INDEX goods_words ON goods USING gin (words);
CREATE INDEX goods_gist ON goods USING gist (place, span);
CREATE INDEX goods_spgist ON goods USING spgist (place);
CREATE INDEX goods_brin ON goods USING brin (at timestamptz_minmax_multi_ops (values_per_range = 16), id) WITH (pages_per_range = 2);
ALTER INDEX goods_expression ALTER COLUMN 1 SET STATISTICS 500;
ALTER TABLE goods CLUSTER ON goods_pkey, ALTER name SET STATISTICS 1000, ALTER kind SET (n_distinct = 3), REPLICA IDENTITY USING INDEX goods_include;
CREATE STATISTICS goods_statistics (ndistinct, dependencies, mcv) ON name, kind, price FROM goods;
CREATE STATISTICS goods_of_expression ON (price * 2), lower(name) FROM goods;
ALTER STATISTICS goods_statistics SET STATISTICS 200;

CREATE VIEW plain_view AS SELECT g.id, g.name AS "Name", g.price * 1.19 AS gross FROM goods AS g WHERE g.kind IS NOT NULL;
CREATE VIEW checked_view WITH (security_barrier = true) AS SELECT id, name, kind, price FROM goods WHERE price > 10 WITH LOCAL CHECK OPTION;
CREATE VIEW invoker_view WITH (security_invoker = true) AS TABLE plain_view;
CREATE VIEW grouped_view AS SELECT g.*, count(*) OVER w AS n FROM goods AS g WINDOW w AS (PARTITION BY g.kind ORDER BY g.id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW);
-- Grouped by the key, the view depends on the key's constraint, which comes after the data.
CREATE VIEW needs_the_key AS SELECT g.id, g.name, count(t) AS tags FROM goods AS g, unnest(g.tags) AS t GROUP BY g.id;
CREATE VIEW on_needs_the_key AS SELECT max(tags) AS most FROM needs_the_key;
CREATE RECURSIVE VIEW counted (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM counted WHERE n < 10;
ALTER VIEW plain_view ALTER "Name" SET DEFAULT 'none';
CREATE MATERIALIZED VIEW summary AS SELECT kind, sum(price) AS total, count(*) FROM goods GROUP BY kind;
CREATE MATERIALIZED VIEW summary_of_summary AS SELECT sum(total) AS total FROM summary;
CREATE MATERIALIZED VIEW never_filled AS SELECT * FROM summary_of_summary WITH NO DATA;
CREATE MATERIALIZED VIEW needs_the_key_too WITH (fillfactor = 80) AS SELECT * FROM on_needs_the_key;
CREATE UNIQUE INDEX summary_kind ON summary (kind);
CREATE VIEW on_summary AS SELECT s.total, o.most FROM summary_of_summary AS s, needs_the_key_too AS o;

CREATE TABLE ruled (id integer, t text);
CREATE TABLE rule_log (id integer, what text);
INSERT INTO ruled VALUES (1, 'before the rules'), (2, NULL);
CREATE RULE ruled_insert AS ON INSERT TO ruled DO INSTEAD NOTHING;
CREATE RULE ruled_update AS ON UPDATE TO ruled WHERE old.id > 0 DO ALSO INSERT INTO rule_log VALUES (old.id, 'updated');
CREATE RULE ruled_delete AS ON DELETE TO ruled DO ALSO (INSERT INTO rule_log VALUES (old.id, 'deleted'); NOTIFY ruled, 'gone');
CREATE RULE view_insert AS ON INSERT TO plain_view DO INSTEAD INSERT INTO goods (id, name) VALUES (new.id, new."Name");
ALTER TABLE ruled DISABLE RULE ruled_update;

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'trigger % fired for % on %', tg_name, tg_op, tg_relid::regclass;
END
$$;
CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.t := 'spoilt'; RETURN new; END $$;
CREATE TABLE guarded (id integer PRIMARY KEY, t text);
CREATE TABLE spoilt (id integer PRIMARY KEY, t text);
INSERT INTO guarded VALUES (1, 'whole'), (2, NULL);
INSERT INTO spoilt VALUES (1, 'whole'), (2, NULL);
CREATE TRIGGER refuse_row BEFORE INSERT OR UPDATE OF t OR DELETE ON guarded FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER refuse_statement AFTER INSERT ON guarded REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION refuse('an', 'arg''ument');
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON guarded EXECUTE FUNCTION refuse();
CREATE TRIGGER spoil_always BEFORE INSERT ON spoilt FOR EACH ROW WHEN (new.id > 0) EXECUTE FUNCTION spoil();
CREATE TRIGGER spoil_on_replica BEFORE INSERT ON spoilt FOR EACH ROW EXECUTE FUNCTION spoil();
CREATE TRIGGER spoil_never BEFORE UPDATE ON spoilt FOR EACH ROW EXECUTE FUNCTION spoil();
CREATE CONSTRAINT TRIGGER refuse_late AFTER INSERT ON spoilt DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER refuse_view INSTEAD OF DELETE ON checked_view FOR EACH ROW EXECUTE FUNCTION refuse();
ALTER TABLE spoilt ENABLE ALWAYS TRIGGER spoil_always, ENABLE REPLICA TRIGGER spoil_on_replica, DISABLE TRIGGER spoil_never;
CREATE TABLE split (id integer, t text) PARTITION BY RANGE (id);
CREATE TABLE split_low PARTITION OF split FOR VALUES FROM (0) TO (10);
CREATE TABLE split_high PARTITION OF split FOR VALUES FROM (10) TO (20);
INSERT INTO split VALUES (1, 'a'), (11, 'b');
CREATE TRIGGER refuse_in_leaves AFTER INSERT ON split FOR EACH ROW EXECUTE FUNCTION refuse();
ALTER TABLE split_high DISABLE TRIGGER refuse_in_leaves;
