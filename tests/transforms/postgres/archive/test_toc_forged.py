"""Whatever bytes an archive has, reading it ends in a table of contents or in an error that says so."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.archive_writer import HEAD, written
from tests.transforms.postgres.archives import archive_of, make_shop, pg_restore
from tests.transforms.postgres.catalogs import module_database
from transforms.errors import IntegrityError, RefusedError
from transforms.postgres.archive import part as archive_part
from transforms.postgres.archive.toc import Entry, Toc, parse
from transforms.postgres.names.identifiers import Name
from transforms.postgres.objects import foreign_keys
from transforms.postgres.objects.owners import Owning
from transforms.postgres.objects.plan import plan
from transforms.postgres.objects.renames import EVERYTHING, Renames
from transforms.postgres.objects.schedule import Schedule

ORDERS = Name("shop", "orders")
CHOSEN = Renames(tables=((ORDERS, ORDERS),))
ANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)


@pytest.fixture(scope="module")
def archive(postgres18: PostgresServer) -> Iterator[bytes]:
    with module_database(postgres18) as database:
        make_shop(postgres18, database)
        yield archive_of(postgres18, database)


@pytest.fixture(scope="module")
def toc(archive: bytes) -> Toc:
    return parse(archive)


def use(data: bytes) -> None:
    """All that a restore makes of an archive before it asks a server."""
    toc = parse(data)
    for renames, part in (
        (EVERYTHING, archive_part.whole(toc)),
        (CHOSEN, archive_part.chosen(toc, [ORDERS], ["public"])),
    ):
        steps = plan(toc, part, Owning(), renames, is_superuser=False)
        foreign_keys.broken(toc, part, steps.post_data, [])
        schedule = Schedule({step.name: step for step in steps.post_data})
        while schedule.is_active():
            step = schedule.start()
            assert step is not None
            schedule.done(step)


def use_or_say(data: bytes) -> None:
    with suppress(IntegrityError, RefusedError):  # anything else fails
        use(data)


def listed(server: PostgresServer, archive: bytes) -> list[str]:
    return [line for line in pg_restore(server, archive, "--list").splitlines() if not line.startswith(";")]


def test_a_written_archive_is_read_as_the_real_one(postgres18: PostgresServer, archive: bytes, toc: Toc) -> None:
    again = written(toc)
    assert parse(again) == toc
    assert listed(postgres18, again) == listed(postgres18, archive)
    use(again)


@ANY
@given(st.data())
def test_changed_bytes_are_read_or_refused(archive: bytes, data: st.DataObject) -> None:
    changed = bytearray(archive)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(changed) - 1))
        changed[place : place + data.draw(st.sampled_from((0, 1, 1, 1, 4)))] = data.draw(st.binary(max_size=5))
    use_or_say(bytes(changed))


@ANY
@given(st.binary(max_size=200))
def test_any_bytes_behind_the_head_are_read_or_refused(data: bytes) -> None:
    use_or_say(HEAD + data)


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES: dict[type, st.SearchStrategy[Any]] = {
    int: st.sampled_from((-1, 0, 1, 4, 5, 2**31, 2**32 - 1)),
    str: st.one_of(WORDS, st.sampled_from(("", "\0", "a\0b", '"', "'", ";", "$$", "COMMIT"))),
}


@ANY
@given(st.data())
def test_an_entry_with_another_value_is_read_or_refused(toc: Toc, data: st.DataObject) -> None:
    entries = list(toc.entries)
    place = data.draw(st.integers(0, len(entries) - 1))
    name = data.draw(st.sampled_from([field.name for field in fields(Entry)]))
    old = getattr(entries[place], name)
    numbers = [entry.number for entry in entries]
    new: Any = data.draw(st.lists(st.sampled_from(numbers)).map(tuple) if name == "needs" else VALUES[type(old)])
    entries[place] = replace(entries[place], **{name: new})
    use_or_say(written(toc, entries))


def test_a_circle_of_entries_is_damage(toc: Toc) -> None:
    first, *others, last = toc.entries
    circle = [replace(first, needs=(last.number,)), *others, replace(last, needs=(first.number,))]
    with pytest.raises(IntegrityError, match=f"in a circle: {first.number} needs {last.number} needs {first.number}"):
        parse(written(toc, circle))
    with pytest.raises(IntegrityError, match="in a circle"):
        parse(written(toc, [replace(first, needs=(first.number,)), *others, last]))


def test_entries_in_another_order_than_their_needs_are_no_circle(toc: Toc) -> None:
    assert parse(written(toc, toc.entries[::-1])).entries == toc.entries[::-1]


def test_a_number_that_two_entries_have_is_damage(toc: Toc) -> None:
    with pytest.raises(IntegrityError, match="the same number"):
        parse(written(toc, [*toc.entries, toc.entries[0]]))


def test_a_table_that_is_a_partition_of_itself_is_damage(toc: Toc) -> None:
    attach = next(entry for entry in toc.entries if entry.kind == "TABLE ATTACH")
    root = next(entry for entry in map(toc.by_number.get, attach.needs) if entry and entry.tag == "moods")
    back = replace(attach, number=max(toc.by_number) + 1, tag=root.tag, needs=attach.needs)
    with pytest.raises(IntegrityError, match="partition of itself"):
        use(written(toc, [*toc.entries, back]))


def test_a_zero_byte_in_a_text_is_damage(toc: Toc) -> None:
    first, *others = toc.entries
    with pytest.raises(IntegrityError, match="zero byte"):
        parse(written(toc, [replace(first, tag="a\0b"), *others]))


@pytest.mark.parametrize(("place", "value"), [(8, 0), (8, 8), (8, 255), (9, 1), (9, 255)])
def test_numbers_of_other_sizes_are_damage(archive: bytes, place: int, value: int) -> None:
    with pytest.raises(IntegrityError, match="bytes"):
        parse(archive[:place] + bytes([value]) + archive[place + 1 :])


@pytest.mark.parametrize("number", [b"\x00\xff\xff\xff\xff", b"\x01\x01\x00\x00\x00"])
def test_a_count_that_cannot_be_is_damage(number: bytes) -> None:
    empty = written(Toc("d", "18", ()))
    with pytest.raises(IntegrityError, match="damaged"):
        parse(empty[:-5] + number)


def test_a_number_in_a_text_has_digits_only() -> None:
    entry = Entry(1, 0, 0, "SCHEMA", "", "s", "", 2, "CREATE SCHEMA s;\n", "", ())
    data = written(Toc("d", "18", ()), [entry])
    assert parse(data).entries == (replace(entry, section=2),)
    for oid in (b"-", b" ", b"x", b"\xc2\xb2"[:1]):
        broken = data.replace(b"\x00\x01\x00\x00\x000", b"\x00\x01\x00\x00\x00" + oid, 1)
        assert broken != data
        with pytest.raises(IntegrityError, match="is not a number of an entry"):
            parse(broken)
