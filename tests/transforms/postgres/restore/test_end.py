"""What a restore does when rows are there and something else cannot be made, on real servers."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.restoring import Backup, backup_of, load, restore, target_of
from transforms.errors import RefusedError
from transforms.identity import Table
from transforms.postgres.restore.selection import parse_renames
from transforms.postgres.target import PostgresTarget
from transforms.skipped import Skipped

NewDatabase = Callable[..., str]
# Six branches of two leaves each, as in planetscale/pgcopydb#49 and xataio/pgstream#1093: the last leaves of two
# branches, attached at the same time, leave the root's indexes invalid.
THREE_LEVELS = """
    CREATE TABLE m (id int, r int, PRIMARY KEY (id, r)) PARTITION BY LIST (r);
    DO $$ BEGIN FOR i IN 0..5 LOOP
        EXECUTE format('CREATE TABLE m_%s PARTITION OF m FOR VALUES IN (%s) PARTITION BY HASH (id)', i, i);
        FOR j IN 0..1 LOOP
            EXECUTE format('CREATE TABLE m_%s_%s PARTITION OF m_%s FOR VALUES WITH (MODULUS 2, REMAINDER %s)',
                i, j, i, j);
        END LOOP; END LOOP; END $$;
    CREATE INDEX m_r ON m (r, id); CREATE INDEX m_i ON m (id) WHERE r > 0;
    CREATE UNIQUE INDEX m_u ON m (r, id) INCLUDE (id);
    INSERT INTO m SELECT g, g % 6 FROM generate_series(1, 600) g;
"""
# As in research-software-directory/RSD-as-a-service#1499: no server of 17 or later makes such a view.
VIEWS = """
    CREATE TABLE mention (id int PRIMARY KEY, soft text);
    INSERT INTO mention SELECT g, 's' || g % 5 FROM generate_series(1, 100) g;
    CREATE FUNCTION by_soft() RETURNS TABLE (soft text, id int) LANGUAGE sql STABLE
        AS 'select soft, id from mention';
    CREATE FUNCTION counts() RETURNS TABLE (soft text, n bigint) LANGUAGE sql STABLE
        AS 'select soft, count(id) from by_soft() group by soft';
    CREATE MATERIALIZED VIEW mv_counts AS SELECT * FROM counts();
    CREATE MATERIALIZED VIEW mv_all AS SELECT count(*) FROM mv_counts;
    CREATE MATERIALIZED VIEW mv_other AS SELECT count(*) FROM mention;
    COMMENT ON MATERIALIZED VIEW mv_counts IS 'counts'; GRANT SELECT ON mv_counts TO PUBLIC;
"""
# As in boardsesh/boardsesh#4699 and dimitri/pgcopydb#1009: a domain's check that works under the database's own path.
OWN_PATH = """
    CREATE SCHEMA lib; ALTER DATABASE :"DBNAME" SET search_path = lib, public;
    CREATE FUNCTION lib.is_even(i int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'select i % 2 = 0';
    CREATE FUNCTION lib.ok(i int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS 'begin return is_even(i); end';
    SET search_path = lib, public;
    {what}
"""
EVENS = """
    CREATE DOMAIN lib.even AS int CONSTRAINT e CHECK (lib.ok(value));
    CREATE DOMAIN lib.own_even AS lib.even;
    CREATE TABLE public.evens (e {type}); INSERT INTO evens SELECT {value} FROM generate_series(1, 20) g;
"""
NEEDING = {
    "domain": EVENS.format(type="lib.even", value="g * 2"),
    "domain of a domain": EVENS.format(type="lib.own_even", value="g * 2"),
    "array": EVENS.format(type="lib.even[]", value="ARRAY[g * 2]::lib.even[]"),
    "check": "CREATE TABLE public.evens (e int CHECK (lib.ok(e))); INSERT INTO evens VALUES (2), (4);",
    "generated": "CREATE TABLE public.evens (e int, g bool GENERATED ALWAYS AS (lib.ok(e)) STORED);"
                 "INSERT INTO evens VALUES (2), (3);",
    "partition key": "CREATE TABLE public.all_of_them (e int) PARTITION BY LIST (lib.ok(e));"
                     "CREATE TABLE public.evens PARTITION OF all_of_them FOR VALUES IN (true);"
                     "INSERT INTO evens VALUES (2), (4);",
}  # fmt: skip
INDEXED = """
    CREATE FUNCTION public.half(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'select i / 2';
    CREATE FUNCTION public.is_big(i int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'select public.half(i) > 10';
    CREATE TABLE public.pp (id int PRIMARY KEY, v int); INSERT INTO pp SELECT g, g FROM generate_series(1, 100) g;
    CREATE INDEX pp_big ON pp (v) WHERE is_big(v); COMMENT ON INDEX pp_big IS 'big';
    CREATE UNIQUE INDEX pp_v ON pp (v);
    CREATE OR REPLACE FUNCTION public.is_big(i int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'select half(i) > 10';
"""


class FirstChunks:
    """The samples of a backup that is held in memory."""

    def __init__(self, backup: Backup) -> None:
        self._chunks = backup.chunks

    def records(self, table: Table) -> bytes:
        return next(iter(self._chunks[table.name]), b"")


def made(server: PostgresServer, database: str, script: str, folder: Path) -> Backup:
    server.sql(script, database)
    return backup_of(server, database, folder)


def test_all_indexes_of_a_tree_of_partitions_are_valid(
    postgres: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    backup = made(postgres, new_database(postgres), THREE_LEVELS, tmp_path)
    for _ in range(2):
        copy = new_database(postgres)
        ending = restore(backup, target_of(postgres, copy, jobs=8))
        assert ending.skipped == ()
        counts = (
            "SELECT count(*), count(*) FILTER (WHERE indisvalid) FROM pg_index WHERE indrelid::regclass::text ~ '^m'"
        )
        assert postgres.sql(counts, copy) == "76|76"


def test_an_index_that_is_not_valid_in_the_end_is_told(
    postgres: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    backup = made(postgres, new_database(postgres), THREE_LEVELS, tmp_path)
    database = new_database(postgres)
    target = target_of(postgres, database)
    ready(backup, target)
    # As if somebody had attached two leaves at once: an index with the same name below the root, without its leaves.
    postgres.sql("CREATE INDEX m_r ON ONLY m (r, id)", database)
    ending = target.end(backup.assignments(target.renames), backup.attachments)
    assert "INDEX m_r of public.m: not valid here, valid in the source." in map(str, ending.skipped)
    assert str(ending.skipped[0]) == 'INDEX public.m_r: relation "m_r" already exists.'


def ready(backup: Backup, target: PostgresTarget) -> None:
    """All rows are there."""
    assignments = target.check(backup.assignments(target.renames), backup.attachments)
    target.begin(assignments, backup.attachments)
    load(backup, target, assignments)


def test_a_view_that_cannot_be_filled_ends_no_restore(
    postgres15: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    source, copy = new_database(postgres15), new_database(postgres15)
    backup = made(postgres15, source, VIEWS, tmp_path)
    ending = restore(backup, target_of(postgres15, copy))
    assert [(each.name, each.reason.split(" (")[0], each.statement) for each in ending.skipped] == [
        (
            "rows of MATERIALIZED VIEW public.mv_counts",
            "function by_soft() does not exist",
            'REFRESH MATERIALIZED VIEW "public"."mv_counts";',
        ),
        (
            "rows of MATERIALIZED VIEW public.mv_all",
            'materialized view "mv_counts" has not been populated',
            'REFRESH MATERIALIZED VIEW "public"."mv_all";',
        ),
    ]
    assert postgres15.sql("SELECT count(*) FROM mention; SELECT * FROM mv_other", copy) == "100\n100"
    readable = "SELECT has_table_privilege('pg_monitor', 'mv_counts', 'SELECT'), obj_description('mv_counts'::regclass)"
    assert postgres15.sql(readable, copy) == "t|counts"
    with_path = new_database(postgres15)
    assert restore(backup, target_of(postgres15, with_path, path=("public",))).skipped == ()
    assert postgres15.sql("SELECT count(*) FROM mv_counts", with_path) == "5"


def test_what_rows_break_is_left_out_with_its_statement_and_all_that_is_about_it(
    postgres: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    backup = made(
        postgres,
        new_database(postgres),
        "CREATE TABLE a (i int CONSTRAINT one PRIMARY KEY, j int); COMMENT ON CONSTRAINT one ON a IS 'one';"
        "CREATE TABLE b (i int CONSTRAINT other REFERENCES a); INSERT INTO a VALUES (1, 1), (2, 1);"
        "CREATE INDEX z ON a (j)",
        tmp_path,
    )
    database = new_database(postgres)
    target = target_of(postgres, database)
    ready(backup, target)
    postgres.sql("INSERT INTO a VALUES (1, 3)", database)
    endings = [target.end(backup.assignments(target.renames), backup.attachments) for _ in range(2)]
    assert endings[0] == endings[1]
    key, foreign = endings[0].skipped
    assert key.name == "CONSTRAINT public.a one"
    assert key.reason == 'could not create unique index "one". Key (i)=(1) is duplicated'
    assert key.statement == (
        "ALTER TABLE ONLY public.a\n    ADD CONSTRAINT one PRIMARY KEY (i);\n"
        "COMMENT ON CONSTRAINT one ON public.a IS 'one';"
    )
    assert (foreign.reason, foreign.follows) == ("needs CONSTRAINT public.a one", True)
    assert postgres.sql("SELECT to_regclass('z')", database) == "z"
    postgres.sql("DELETE FROM a WHERE j = 3", database)
    postgres.sql("".join(each.statement for each in endings[0].skipped), database)
    kept = "SELECT conname FROM pg_constraint WHERE conname IN ('one', 'other') AND contype IN ('p', 'f') ORDER BY 1"
    assert postgres.sql(kept, database) == "one\nother"


@pytest.mark.parametrize("what", NEEDING.values(), ids=NEEDING.keys())
def test_rows_that_need_a_search_path_are_refused_before_any_is_written(
    postgres: PostgresServer, new_database: NewDatabase, tmp_path: Path, what: str
) -> None:
    backup = made(postgres, new_database(postgres), OWN_PATH.format(what=what), tmp_path)
    database = new_database(postgres)
    for skips in (False, True):
        target = target_of(postgres, database, skip_unrestorable=skips)
        with pytest.raises(RefusedError) as caught:
            target.check(backup.assignments(target.renames), backup.attachments, FirstChunks(backup))
        assert "rows of public.evens: function is_even(integer) does not exist" in str(caught.value)
        assert "--search_path='lib, public' is the setting of the database that was backed up." in str(caught.value)
    assert postgres.sql("SELECT to_regclass('evens') IS NULL", database) == "t"
    target = target_of(postgres, database, path=("lib", "public"))
    target.check(backup.assignments(target.renames), backup.attachments, FirstChunks(backup))
    assert restore(backup, target).skipped == ()
    assert postgres.sql("SELECT count(*) > 1 FROM evens", database) == "t"
    assert postgres.sql("SHOW search_path", database) == '"$user", public'  # only a new database gets settings


def test_a_database_whose_index_calls_functions_by_bare_names_is_backed_up_and_restored(
    postgres: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    """As in dimitri/pgcopydb#489. Servers of 17 and later look only into pg_catalog when they make an index."""
    source, copy = new_database(postgres), new_database(postgres)
    backup = made(postgres, source, INDEXED, tmp_path)
    target = target_of(postgres, copy)
    with pytest.raises(RefusedError, match=r"INDEX public\.pp_big: function half\(integer\) does not exist"):
        target.check(backup.assignments(target.renames), backup.attachments)
    ending = restore(backup, target_of(postgres, copy, skip_unrestorable=True))
    (left_out,) = ending.skipped
    assert left_out.name == "INDEX public.pp_big"
    assert left_out.statement.splitlines() == [
        "CREATE INDEX pp_big ON public.pp USING btree (v) WHERE public.is_big(v);",
        "COMMENT ON INDEX public.pp_big IS 'big';",
    ]
    assert postgres.sql("SELECT count(*), sum(v) FROM pp", copy) == postgres.sql(
        "SELECT count(*), sum(v) FROM pp", source
    )
    if postgres.binaries.major < 17:
        again = new_database(postgres)
        assert restore(backup, target_of(postgres, again, path=("public",))).skipped == ()
        assert postgres.sql("SELECT to_regclass('pp_big')", again) == "pp_big"


def test_a_write_that_comes_again_after_the_end_is_done(
    postgres: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    backup = made(postgres, new_database(postgres), "CREATE TABLE t AS SELECT 1 AS i; SELECT lo_create(7)", tmp_path)
    database = new_database(postgres)
    target = target_of(postgres, database)
    ready(backup, target)
    assignments = backup.assignments(target.renames)
    ending = target.end(assignments, backup.attachments)
    load(backup, target, assignments)
    assert target.end(assignments, backup.attachments) == ending
    assert postgres.sql("SELECT count(*) FROM t", database) == "1"
    assert "holds the whole restore" in target.unfinished(assignments)[0]
    comment = postgres.sql("SELECT obj_description('shardkeep_restore'::regnamespace)", database)
    assert "DROP SCHEMA shardkeep_restore CASCADE" in comment
    target.forget()
    assert postgres.sql("SELECT to_regnamespace('shardkeep_restore') IS NULL", database) == "t"
    with pytest.raises(RefusedError, match="knows nothing of the restore restore-1"):
        target.end(assignments, backup.attachments)


def test_the_mark_of_a_restore_that_ended_stops_no_other_restore_and_no_backup(
    postgres: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    source, database = new_database(postgres), new_database(postgres)
    backup = made(postgres, source, "CREATE TABLE a AS SELECT 1 AS i; CREATE TABLE b AS SELECT 2 AS i", tmp_path)
    for name in ("a", "b"):
        target = PostgresTarget(
            target_of(postgres, database).database,
            restore=f"restore-{name}",
            renames=parse_renames([f"public.{name}"]),
        )
        ready(backup, target)
        target.end(backup.assignments(target.renames), backup.attachments)
    assert postgres.sql("SELECT id FROM shardkeep_restore.restore", database) == "restore-b"
    (tmp_path / "again").mkdir()
    again = backup_of(postgres, database, tmp_path / "again")
    assert sorted(table.name for table in again.tables) == ["public.a", "public.b"]
    copy = new_database(postgres)
    assert restore(again, target_of(postgres, copy)).skipped == ()
    assert postgres.sql("SELECT i FROM a UNION SELECT i FROM b ORDER BY 1", copy) == "1\n2"


def test_what_cannot_be_handed_over_is_left_out_when_the_rows_are_there(
    postgres: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    postgres.sql("CREATE ROLE soon_gone; CREATE ROLE stays")
    try:
        owning = "ALTER TABLE a OWNER TO soon_gone; ALTER TABLE b OWNER TO stays"
        script = f"CREATE TABLE a (i int); CREATE TABLE b (i int); {owning}"
        source, database = new_database(postgres), new_database(postgres)
        backup = made(postgres, source, script, tmp_path)
        target = target_of(postgres, database)
        ready(backup, target)
        postgres.sql("ALTER TABLE a OWNER TO postgres; DROP ROLE soon_gone", source)
        (left_out,) = target.end(backup.assignments(target.renames), backup.attachments).skipped
    finally:
        owned = "SELECT tableowner FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        owners = postgres.sql(owned, database)
        for name in (source, database):
            postgres.sql("DROP OWNED BY stays", name)
        postgres.sql("DROP ROLE IF EXISTS soon_gone; DROP ROLE stays")
    assert owners == "postgres\nstays"
    assert left_out == Skipped(
        "owner of TABLE public.a",
        'role "soon_gone" does not exist. Create the owners and become a member of them, or leave owners out:'
        " --owner=none",
        'ALTER TABLE "public"."a" OWNER TO "soon_gone";',
    )
