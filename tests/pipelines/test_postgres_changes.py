"""Who changes tables while they are backed up: an error that helps or exactly the right rows, never fewer, no hang."""

import functools

import pytest

from tests.pipelines.postgres_outcome import numbers_of, require_no_backup, require_told
from tests.pipelines.postgres_scene import ALL, NOT_ASIDE, Scene
from tests.transforms.postgres.sessions import database_of
from transforms.errors import RefusedError
from transforms.postgres.archive import dump as archive
from transforms.postgres.names.selection import Selection
from transforms.postgres.source import PostgresSource


def test_a_change_that_was_queued_first_is_in_the_backup(scene: Scene) -> None:
    with (
        scene.held("LOCK TABLE first IN ACCESS SHARE MODE") as before,
        scene.queued("TRUNCATE first") as truncated,
        scene.beginning() as command,
    ):
        before.commit()
        assert truncated.result()
        ended = command.result()
    assert ended.code == 0, ended.err
    assert numbers_of(scene.vault) == {**ALL, "public.first": []}


def test_tables_that_come_and_go_between_listing_and_lock_are_listed_again(scene: Scene) -> None:
    change = """
        TRUNCATE first; INSERT INTO first VALUES (7); DROP TABLE aside; ALTER TABLE last RENAME TO renamed;
        CREATE TABLE new (n int); INSERT INTO new VALUES (8), (9); ALTER TABLE other.one ADD more text
    """
    with scene.held(change) as changing, scene.beginning() as command:
        changing.commit()
        ended = command.result()
    assert ended.code == 0, ended.err
    assert numbers_of(scene.vault) == {
        "public.first": [7],
        "public.renamed": ALL["public.last"],
        "public.new": [8, 9],
        "other.one": [1],
    }


@pytest.mark.usefixtures("impatient")
def test_a_table_that_stays_locked_is_told_before_anything_is_written(scene: Scene) -> None:
    with scene.held("TRUNCATE last"):
        ended = scene.backup()
    require_told(ended, 6, "public.last", "locked by process", "Run again")
    assert not scene.vault.exists()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("statement", ["TRUNCATE first", "ALTER TABLE first ADD more int"])
def test_who_waits_to_change_a_table_when_it_is_measured_ends_the_backup(scene: Scene, statement: str) -> None:
    source = PostgresSource(database_of(scene.server, scene.database), Selection(), "snapshot")
    with source.opened() as opened, scene.queued(statement), pytest.raises(RefusedError, match=r"lock.*run again"):
        opened.tables()


@pytest.mark.parametrize("statement", ["TRUNCATE last", "ALTER TABLE last ALTER n TYPE text", "DROP TABLE last"])
def test_who_waits_to_change_a_table_that_is_yet_to_be_read_is_named(scene: Scene, statement: str) -> None:
    with scene.reading() as go_on, scene.queued(statement) as changed:
        ended = go_on()
        assert changed.result()  # nothing is in its way any more
    require_told(ended, 6, "public.last", "awaited by process", "Run again")
    require_no_backup(scene.vault)


@pytest.mark.usefixtures("impatient")
def test_who_waits_to_change_a_table_that_has_been_read_is_met_by_pg_dump(scene: Scene) -> None:
    with scene.reading("--table=public.first") as go_on, scene.queued("TRUNCATE first") as changed:
        ended = go_on()
        assert changed.result()
    require_told(ended, 6, "pg_dump", "locked", "Run again")
    require_no_backup(scene.vault)


def test_a_schema_that_is_renamed_meanwhile_is_told(scene: Scene) -> None:
    with scene.reading() as go_on:
        scene.sql("ALTER SCHEMA public RENAME TO elsewhere; CREATE SCHEMA public")
        ended = go_on()
    require_told(ended, 7, "public.last", "dropped meanwhile")
    require_no_backup(scene.vault)


@pytest.mark.parametrize("statement", ["DROP TABLE aside", "ALTER TABLE aside RENAME TO beside"])
def test_a_table_of_the_archive_that_goes_before_pg_dump_comes_is_told(scene: Scene, statement: str) -> None:
    with scene.reading(NOT_ASIDE) as go_on:
        scene.sql(statement)
        ended = go_on()
    require_told(ended, 6, "public.aside", "does not exist", "Run again")
    require_no_backup(scene.vault)


def test_what_does_not_change_a_table_that_is_read_changes_no_row_of_the_backup(scene: Scene) -> None:
    with scene.reading("--table=public.first,public.last") as go_on:
        scene.sql(
            """
            DELETE FROM first WHERE n > 20; UPDATE last SET n = -n; INSERT INTO last VALUES (999); VACUUM last;
            CREATE TABLE new (n int); INSERT INTO new VALUES (1); TRUNCATE aside; ALTER TABLE other.one ADD more text;
            CREATE INDEX ON last (n); ANALYZE
            """
        )
        ended = go_on()
    assert ended.code == 0, ended.err
    assert numbers_of(scene.vault) == {name: ALL[name] for name in ("public.first", "public.last")}


def test_pg_dump_waits_for_a_change_that_ends(scene: Scene) -> None:
    with scene.dumping() as go_on:
        ended = go_on()
    assert ended.code == 0, ended.err
    assert numbers_of(scene.vault) == {name: ALL[name] for name in ALL if name != "public.aside"}


def test_a_change_that_is_queued_while_pg_dump_runs_ends_it(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "dump_schema", functools.partial(archive.dump_schema, lock_seconds=2))
    with scene.dumping() as go_on, scene.queued("ALTER TABLE last ADD more int") as changed:
        ended = go_on()
        assert changed.result()
    require_told(ended, 6, "pg_dump", "locked", "Run again")
    require_no_backup(scene.vault)


@pytest.mark.usefixtures("impatient")
def test_a_sequence_that_is_being_changed_is_told(scene: Scene) -> None:
    with scene.held("ALTER SEQUENCE numbers RENAME TO figures"):
        ended = scene.backup()
    require_told(ended, 6, "numbers", "run again")
    require_no_backup(scene.vault)
