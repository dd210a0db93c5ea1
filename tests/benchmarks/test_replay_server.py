"""The replay server against Google's client library: what the library reads is what was made."""

from collections.abc import Iterator

import pytest
from google.cloud.bigtable.data import BigtableDataClient, ReadRowsQuery, RowMutationEntry, RowRange, SetCell, Table
from google.cloud.bigtable.data.row import Row

from benchmarks import replay_rows
from benchmarks.replay_process import running_replay_server, server_counts

ROWS = 10_000
COLUMNS = [(family, qualifier) for family in replay_rows.FAMILIES for qualifier in replay_rows.QUALIFIERS]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running_replay_server(rows=ROWS, message_size=1 << 14, seed=3) as address:
        yield address


@pytest.fixture
def client(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[BigtableDataClient]:
    monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", server)
    with BigtableDataClient(project="p") as client:
        yield client


@pytest.fixture
def table(client: BigtableDataClient) -> Table:
    return client.get_table("i", "t")


def made(row: int) -> tuple[bytes, list[tuple[str, bytes, int, bytes]]]:
    columns = zip(COLUMNS, replay_rows.cell_times(row), replay_rows.cell_values(row, seed=3), strict=True)
    return replay_rows.row_key(row), [(*column, time, value) for column, time, value in columns]


def read(row: Row) -> tuple[bytes, list[tuple[str, bytes, int, bytes]]]:
    return row.row_key, [(cell.family, cell.qualifier, cell.timestamp_micros, cell.value) for cell in row.cells]


def test_a_scan_gives_every_row_once_and_in_key_order(table: Table) -> None:
    keys = [row.row_key for row in table.read_rows_stream(ReadRowsQuery())]
    assert keys == [replay_rows.row_key(row) for row in range(ROWS)]


def test_rows_in_and_across_segments_hold_the_cells_that_were_made(table: Table) -> None:
    query = ReadRowsQuery(row_ranges=RowRange(replay_rows.row_key(4000), replay_rows.row_key(4200)))
    assert [read(row) for row in table.read_rows_stream(query)] == [made(row) for row in range(4000, 4200)]


@pytest.mark.parametrize("start_is_inclusive", [True, False])
@pytest.mark.parametrize("end_is_inclusive", [True, False])
def test_a_range_ends_at_the_very_row(table: Table, start_is_inclusive: bool, end_is_inclusive: bool) -> None:
    ends = replay_rows.row_key(100), replay_rows.row_key(205)
    query = ReadRowsQuery(row_ranges=RowRange(*ends, start_is_inclusive, end_is_inclusive))
    rows = [row.row_key for row in table.read_rows_stream(query)]
    assert rows == [replay_rows.row_key(r) for r in range(100 + (not start_is_inclusive), 205 + end_is_inclusive)]


def test_ranges_between_keys_and_beyond_them_are_understood(table: Table) -> None:
    query = ReadRowsQuery(row_ranges=[RowRange(b"", b"row0000000001x"), RowRange(b"row000000999", None)])
    rows = [row.row_key for row in table.read_rows_stream(query)]
    assert rows == [replay_rows.row_key(row) for row in (0, 1, *range(9990, ROWS))]


def test_keys_and_a_limit_are_respected(table: Table) -> None:
    query = ReadRowsQuery(row_keys=[replay_rows.row_key(7), replay_rows.row_key(3), b"missing"], limit=1)
    assert [row.row_key for row in table.read_rows_stream(query)] == [replay_rows.row_key(3)]


def test_the_samples_grow_and_end_with_the_empty_key(table: Table) -> None:
    samples = table.sample_row_keys()
    assert len(samples) == 32
    assert samples[-1] == (b"", ROWS * replay_rows.ROW_SIZE)
    assert samples[:-1] == sorted(samples[:-1])
    assert 0 < samples[0][1] < samples[-2][1] < samples[-1][1]


def test_mutated_rows_are_counted_and_the_library_is_content(table: Table, server: str) -> None:
    before = server_counts(server)
    table.bulk_mutate_rows([RowMutationEntry(b"key%d" % n, [SetCell("cf1", b"q", b"v")] * 3) for n in range(500)])
    after = server_counts(server)
    assert after["mutate_entries"] - before["mutate_entries"] == 500
    assert after["mutate_bytes"] > before["mutate_bytes"]
