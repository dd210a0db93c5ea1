"""States of indexes, constraints, triggers and tables, and whether a copy comes to the same."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.postgres_zoo import differences, make_zoo, normalised_dump
from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.catalogs import made
from tests.transforms.postgres.restoring import backup_of, restore, target_of
from tests.transforms.postgres.sessions import opened
from transforms.postgres.inventory.object_states import ObjectState, differing, list_states
from transforms.postgres.names.identifiers import Name
from transforms.postgres.server.session import Connection
from transforms.skipped import Skipped

NewDatabase = Callable[..., str]
# Each state that is not the usual one; what is usual stands beside it.
OBJECTS = """
    CREATE TABLE t (i int PRIMARY KEY, j int, k int);
    CREATE TABLE p (i int, j int) PARTITION BY LIST (i); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
    CREATE INDEX p_i ON p (i); CREATE INDEX p_j ON ONLY p (j);
    ALTER TABLE t ADD CONSTRAINT c CHECK (i > 0), ADD CONSTRAINT c_later CHECK (j > 0) NOT VALID;
    CREATE DOMAIN d AS int CONSTRAINT d_c CHECK (VALUE > 0);
    ALTER DOMAIN d ADD CONSTRAINT d_later CHECK (VALUE > 1) NOT VALID;
    CREATE MATERIALIZED VIEW mv AS SELECT 1 AS i; CREATE MATERIALIZED VIEW mv_empty AS SELECT 1 AS i WITH NO DATA;
    CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER usual BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
    CREATE TRIGGER off BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t DISABLE TRIGGER off;
    CREATE TRIGGER replica BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
    ALTER TABLE t ENABLE REPLICA TRIGGER replica;
    CREATE TRIGGER always BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
    ALTER TABLE t ENABLE ALWAYS TRIGGER always;
    CREATE TABLE r (i int CONSTRAINT r_fk REFERENCES t, j int CONSTRAINT r_off REFERENCES t);
    CREATE ACCESS METHOD heap_too TYPE TABLE HANDLER heap_tableam_handler; CREATE TABLE a (i int) USING heap_too;
"""
UNUSUAL = [
    ("ACCESS METHOD", "public", "a", "", "heap_too"),
    ("CONSTRAINT", "public", "t", "c_later", "not validated"),
    ("DOMAIN CONSTRAINT", "public", "d", "d_later", "not validated"),
    ("INDEX", "public", "p", "p_j", "not valid"),
    ("ROWS", "public", "mv_empty", "", "not populated"),
    ("TRIGGER", "public", "t", "always", "always"),
    ("TRIGGER", "public", "t", "off", "disabled"),
    ("TRIGGER", "public", "t", "replica", "for replicas"),
]
SINCE_18 = """
    CREATE TABLE e (i int CONSTRAINT e_c CHECK (i > 0) NOT ENFORCED, j int CHECK (j > 0));
    CREATE TABLE ph (i int) PARTITION BY LIST (i) USING heap;
    CREATE TABLE n (i int); ALTER TABLE n ADD CONSTRAINT n_later NOT NULL i NOT VALID;
"""
UNUSUAL_18 = [
    ("ACCESS METHOD", "public", "ph", "", "heap"),
    ("CONSTRAINT", "public", "e", "e_c", "not validated"),
    ("CONSTRAINT", "public", "n", "n_later", "not validated"),
    ("ENFORCEMENT OF CONSTRAINT", "public", "e", "e_c", "not enforced"),
]


def fill(server: PostgresServer, database: str) -> list[tuple[str, ...]]:
    """Make one object of each state; returns the unusual ones."""
    is_new = server.binaries.major >= 18
    server.sql(OBJECTS + (SINCE_18 if is_new else ""), database)
    return sorted([*UNUSUAL, *(UNUSUAL_18 if is_new else [])])


def states(server: PostgresServer, database: str) -> list[tuple[str, ...]]:
    with opened(server, database) as connection:
        return [tuple(each.to_json()) for each in list_states(connection)]


def test_what_is_unusual_is_listed_and_comes_back(
    postgres: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    source, copy = new_database(postgres), new_database(postgres)
    expected = fill(postgres, source)
    assert states(postgres, source) == expected
    ending = restore(backup_of(postgres, source, tmp_path), target_of(postgres, copy))
    assert ending.skipped == ()
    assert states(postgres, copy) == expected


def test_triggers_of_a_foreign_key_that_are_off_are_told(
    postgres: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    """pg_dump does not keep them so."""
    source, copy = new_database(postgres), new_database(postgres)
    postgres.sql(OBJECTS, source)
    postgres.sql("ALTER TABLE r DISABLE TRIGGER ALL", source)
    ending = restore(backup_of(postgres, source, tmp_path), target_of(postgres, copy))
    assert [str(each) for each in ending.skipped] == [
        "TRIGGERS OF FOREIGN KEY r_fk of public.r: enabled here, disabled in the source.",
        "TRIGGERS OF FOREIGN KEY r_off of public.r: enabled here, disabled in the source.",
    ]


def test_all_that_is_new_in_18_comes_back(
    postgres18: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    source, copy = new_database(postgres18), new_database(postgres18)
    assert make_zoo(postgres18, source, parts=["features18"]) == ["features18"]
    assert restore(backup_of(postgres18, source, tmp_path), target_of(postgres18, copy)).skipped == ()
    both = (normalised_dump(postgres18.binaries, postgres18.url(name)) for name in (source, copy))
    assert differences(*both) == []
    assert states(postgres18, copy) == states(postgres18, source)
    assert ("ACCESS METHOD", "features18", "am", "", "heap") in states(postgres18, copy)


CHANGES = {
    "ALTER TABLE t VALIDATE CONSTRAINT c_later": (
        "CONSTRAINT c_later of public.t", "validated here, not validated in the source", "",
    ),
    "ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (i > 0) NOT VALID": (
        "CONSTRAINT c of public.t", "not validated here, validated in the source",
        'ALTER TABLE "public"."t" VALIDATE CONSTRAINT "c";',
    ),
    "REFRESH MATERIALIZED VIEW mv_empty": (
        "ROWS of public.mv_empty", "populated here, not populated in the source",
        'REFRESH MATERIALIZED VIEW "public"."mv_empty" WITH NO DATA;',
    ),
    "REFRESH MATERIALIZED VIEW mv WITH NO DATA": (
        "ROWS of public.mv", "not populated here, populated in the source",
        'REFRESH MATERIALIZED VIEW "public"."mv";',
    ),
    "ALTER TABLE t DISABLE TRIGGER usual": (
        "TRIGGER usual of public.t", "disabled here, enabled in the source",
        'ALTER TABLE "public"."t" ENABLE TRIGGER "usual";',
    ),
    "ALTER TABLE t ENABLE TRIGGER replica": (
        "TRIGGER replica of public.t", "enabled here, for replicas in the source",
        'ALTER TABLE "public"."t" ENABLE REPLICA TRIGGER "replica";',
    ),
    "ALTER TABLE a SET ACCESS METHOD heap": (
        "ACCESS METHOD of public.a", "the usual one here, heap_too in the source",
        'ALTER TABLE "public"."a" SET ACCESS METHOD "heap_too";',
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_state_that_differs_is_told_with_what_mends_it(scratch15: Connection, change: str) -> None:
    made(scratch15, "SET LOCAL search_path = public", OBJECTS)
    wanted = list_states(scratch15)
    names = {Name("public", name) for name in ("t", "p", "mv", "mv_empty", "a", "d", "r")}
    assert differing(scratch15, wanted, names) == []
    made(scratch15, change)
    assert differing(scratch15, wanted, names) == [Skipped(*CHANGES[change])]
    if CHANGES[change][2]:
        made(scratch15, CHANGES[change][2])
        assert differing(scratch15, wanted, names) == []
    assert differing(scratch15, wanted, set()) == []


def test_what_is_not_there_differs_in_nothing(scratch: Connection) -> None:
    gone = ObjectState("TRIGGER", "public", "t", "gone", "disabled")
    made(scratch, "CREATE TABLE public.t (i int)")
    assert differing(scratch, [gone], {gone.of}) == []
