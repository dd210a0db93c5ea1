"""`shardkeep list` for people: 80 columns, whatever a vault holds."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.command.print.choose import choose
from pipelines.command.print.durations import human_age, human_duration
from pipelines.command.print.listing import listing_table
from pipelines.command.print.sizes import counted, human_quantity
from tests.memory_room.vaults import MemoryVault, take
from transforms.vault.catalogue import Listing, list_backups
from transforms.vault.format.intent import new_backup_id
from transforms.vault.format.totals import Totals
from transforms.vault.vault import open_vault

NOW = datetime(2026, 11, 2, 12, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> MemoryVault:
    return take(tmp_path_factory.mktemp("listed"))


def listed(days: float, source: str = "s", name: str = "") -> Listing:
    """A backup that was begun so many days ago; nothing of it can be read."""
    return Listing(source, new_backup_id(NOW - timedelta(days=days)), "STARTED")


def huge(vault: MemoryVault, name: str, took: float) -> Listing:
    """A backup of as many rows as there can be, which took so many seconds."""
    [one, *_] = list_backups(open_vault(vault.location))
    assert one.manifest is not None
    created = datetime.fromisoformat(one.manifest.intent.created.replace("Z", "+00:00")).timestamp()
    totals = Totals(rows=123_456_789_012, stored_bytes=1023 << 40)
    entry = one.manifest.tables[0]
    file = replace(entry.index[0], totals=totals, read_finished=int((created + took) * 1e6))
    intent = replace(one.manifest.intent, name=name)
    return replace(one, manifest=replace(one.manifest, intent=intent, tables=(replace(entry, index=(file,)),)))


def test_a_list_fits_80_columns_and_escapes_names(vault: MemoryVault) -> None:
    item = huge(vault, "before the migration \x1b[2J", 86400 * 2 + 3600 * 3)
    lines = listing_table([item, replace(item, state="COMMITTED", backup=listed(400).backup)], NOW).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == f"{vault.source}/"
    assert lines[-1].split() == [*lines[-1].split()[:2], "400d", "2d03h", "123", "G", "1,023", "TiB", "before", "the.."]
    assert "\x1b" not in "".join(lines)


def test_each_source_has_a_table_of_its_own_and_a_time_ahead_is_named() -> None:
    items = [listed(2, "b"), listed(1, "a"), listed(-1, "b")]
    assert listing_table(items, NOW).split() == [
        *["a/", "BACKUP", "STATE", "AGE", "TOOK", "ROWS", "STORED", "NAME"],
        *[items[1].backup, "STARTED", "24h", "-", "-", "-", "-"],
        *["b/", "BACKUP", "STATE", "AGE", "TOOK", "ROWS", "STORED", "NAME"],
        *[items[0].backup, "STARTED", "2d", "-", "-", "-", "-"],
        *[items[2].backup, "STARTED", "ahead", "-", "-", "-", "-"],
    ]
    assert listing_table([], NOW) == "no backups"


def test_the_last_are_the_newest_of_each_source() -> None:
    items = [listed(5, "a"), listed(4, "b"), listed(3, "a"), listed(2, "a"), listed(1, "b")]
    assert choose(items, last=2, now=NOW) == [items[1], items[2], items[3], items[4]]
    assert choose(items, last=1, age=timedelta(days=3), now=NOW) == [items[3], items[4]]


def test_what_was_begun_in_the_future_is_not_young() -> None:
    items = [listed(2), listed(0.5), listed(-1)]
    assert choose(items, age=timedelta(days=1), now=NOW) == [items[1]]


@pytest.mark.parametrize(
    ("seconds", "age", "duration"),
    [
        (0.4, "0s", "0s"),
        (59.9, "59s", "59s"),
        (192, "3m", "3m12s"),
        (3_900, "1h", "1h05m"),
        (86_400 * 2 - 1, "47h", "1d23h"),
        (86_400 * 2, "2d", "2d00h"),
        (86_400 * 1000, "1,000d", "1,000d00h"),
    ],
)
def test_times_are_short(seconds: float, age: str, duration: str) -> None:
    assert (human_age(seconds), human_duration(seconds)) == (age, duration)


@given(st.integers(0, 10**17))
def test_a_quantity_has_seven_characters_and_is_near(count: int) -> None:
    text = human_quantity(count)
    number, _, letter = text.replace(",", "").partition(" ")
    factor = 1000 ** (" KMGTP".index(letter) if letter else 0)
    assert len(text) <= 7
    assert float(number) * factor == pytest.approx(count, rel=0.06)


def test_a_noun_has_its_number() -> None:
    assert [counted(count, "row") for count in (0, 1, 2, 1234)] == ["0 rows", "1 row", "2 rows", "1,234 rows"]
