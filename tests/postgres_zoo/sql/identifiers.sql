-- Names that only quotes hold together, and names that differ from others in what is easily lost.
CREATE SCHEMA identifiers;
CREATE SCHEMA "My Schéma ""1"".2";
CREATE SCHEMA "select";
SET search_path = "My Schéma ""1"".2";

-- A table, its key, its sequence and a column of each name.
DO $do$
DECLARE
    odd text;
BEGIN
    FOREACH odd IN ARRAY ARRAY[
        'MiXed', 'mixed', 'MIXED', 'table', 'user', 'with.dot', '.', 'with"quote', '"', 'with''single', 'back\slash', '\',
        'per%cent', '%s', '%(name)s', '%', '{brace}', '{}', ':name', '$1', '$$', '?', 'semi;colon', '--', '/* no', '*/',
        E'new\nline', E'tab\tand\rreturn', ' lead', 'trail ', ' ', 'ünïcödé', 'ÜNÏCÖDÉ', '表', '🦒', E'e\u0301', 'é', 'ﬀ',
        repeat('a', 63), repeat('a', 62) || 'b', repeat('é', 31), '1', '1st', '_', '_x', '__', '_x5f_', 'a_xtext', 'a-b',
        'a b', 'a_b', 'a/b', '../up', 'C:\con', 'nul', 'a,b', '(a)', '[1]', '~', '&amp;', '#', 'NULL', 'null', 'true', 'public'
    ] LOOP
        EXECUTE format('CREATE TABLE %1$I (%1$I integer PRIMARY KEY, "other" text)', odd);
        EXECUTE format('INSERT INTO %I VALUES (1, %L), (2, NULL)', odd, odd);
    END LOOP;
END
$do$;

-- Columns that an encoding of names must keep apart.
CREATE TABLE apart (
    "a" integer, "A" integer, "a_xtext" integer, "A_xtext" text, "á" integer, "Á" integer, "_xrow" boolean, "_" integer, "__" integer,
    "_x" integer, "_x_" integer, "x" integer, "_x41_" text, "__x41_" text, "a b" date, "a  b" date, "a_b" date, "a-b" date,
    "a.b" numeric(5, 2), "a.b_xtext" numeric(5, 2), "1" integer, "1a" integer, "null" text, "a""b" text, "a'b" text, "a\b" text,
    "%" integer, "%s" integer, "%%" integer, "ｘ" integer, "ß" integer, "SS" integer, "ẞ" integer, "İ" integer, "i" integer, "ı" integer,
    "oid" oid, "ctid_" tid, "_ctid" integer, "row" text, "select" text, "offset" bigint, "limit" bigint, "collate" text, "default" text
);
INSERT INTO apart ("a", "A", "A_xtext", "_xrow", "a b", "a.b", "%s", "select") VALUES (1, 2, 'three', true, 'infinity', 4.50, 5, '6');
INSERT INTO apart DEFAULT VALUES;

CREATE TYPE "Enum, of ""odd""" AS ENUM ('A', 'a', 'Á');
CREATE DOMAIN "Dömain 100%" AS "Enum, of ""odd""" CONSTRAINT "Check 'em" CHECK (VALUE <> 'Á');
CREATE TYPE "Type.""x""" AS ("A b" integer, "a b" "Dömain 100%"[]);
CREATE SEQUENCE "Séq uence";
CREATE FUNCTION "Fn%s"("Arg 1" integer DEFAULT 1) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT "Arg 1" + 1';
CREATE TABLE "Uses ""them""" (
    "Id" integer DEFAULT nextval('"Séq uence"'), "E" "Enum, of ""odd""", "D" "Dömain 100%", "T" "Type.""x""", "Ts" "Type.""x"""[],
    "Gen" integer GENERATED ALWAYS AS ("Fn%s"(1)) STORED, "Self" integer DEFAULT "Fn%s"(2),
    CONSTRAINT "PK of ""it""" PRIMARY KEY ("Id"), CONSTRAINT "Check %" CHECK ("Self" > 0)
);
ALTER SEQUENCE "Séq uence" OWNED BY "Uses ""them"""."Id";
INSERT INTO "Uses ""them""" ("E", "D", "T", "Ts") VALUES
    ('A', 'a', ROW(1, '{A,a,NULL}'), ARRAY[ROW(NULL, '{}')::"Type.""x"""]), (NULL, NULL, ROW(NULL, NULL), NULL);
CREATE INDEX "Index, on it" ON "Uses ""them""" ("E", ("Self" % 2)) WHERE "Self" <> 0;
CREATE TABLE "select"."from" ("where" integer REFERENCES "Uses ""them""" ("Id"), "order" text);
INSERT INTO "select"."from" VALUES (1, '1 = 1'), (NULL, 'or NULL');
CREATE VIEW "select"."View %(x)s" AS SELECT f."where", u."E" AS "e""E" FROM "select"."from" AS f LEFT JOIN "Uses ""them""" AS u ON u."Id" = f."where";
CREATE MATERIALIZED VIEW identifiers."Mat View" AS SELECT * FROM "select"."View %(x)s";
COMMENT ON TABLE "Uses ""them""" IS E'It''s a "comment"\nwith lines, \\ and 表 100% %s';
COMMENT ON COLUMN "Uses ""them"""."Gen" IS '-- Name: not; Type: TABLE; Schema: a header';
GRANT SELECT ("Id", "E") ON "Uses ""them""" TO "Zoo ""Gäst"" 100%";
GRANT USAGE ON SCHEMA "My Schéma ""1"".2" TO "Zoo ""Gäst"" 100%";
