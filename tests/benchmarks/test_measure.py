"""A small measurement from end to end: every contestant that is named has figures for all runs."""

from pathlib import Path
from typing import Any

from fastavro import reader

from benchmarks import replay_rows
from benchmarks.child import run_module
from benchmarks.contestant import CONTESTANTS
from benchmarks.drain import drain, read_request
from benchmarks.measure import Column, Figures, measure
from benchmarks.replay_process import running_replay_server
from benchmarks.report import as_json, table

READERS = ("drain", "client library")


def test_named_contestants_are_measured_and_compared_with_the_drain() -> None:
    columns = measure(rows=2000, message_size=1 << 14, runs=2, ranges=1, names=READERS)
    assert [(column.contestant.name, len(column.runs), column.problem) for column in columns] == [
        ("drain", 2, ""),
        ("client library", 2, ""),
    ]
    figures = as_json(columns)
    assert figures["drain"]["times_the_drain"] == {"wall_seconds": 1.0, "cpu_seconds": 1.0}
    assert figures["client library"]["times_the_drain"]["cpu_seconds"] > 1
    assert figures["client library"]["rows_scaled_by"] == 10


def test_minimum_median_and_ratio_are_of_all_runs() -> None:
    runs = [Figures(wall, 2 * wall, 1 << 20, 0.5) for wall in (3.0, 1.0, 2.0)]
    columns = [Column(CONTESTANTS[0], runs), Column(CONTESTANTS[1], [Figures(4.0, 3.0, 1 << 21, 0.5)])]
    figures = as_json(columns)
    assert figures["drain"]["wall_seconds"] == {"min": 1.0, "median": 2.0}
    assert figures[CONTESTANTS[1].name]["times_the_drain"] == {"wall_seconds": 4.0, "cpu_seconds": 1.5}


def test_a_contestant_that_failed_is_a_line_that_says_why() -> None:
    columns = [Column(CONTESTANTS[0], [], "it fell"), Column(CONTESTANTS[1], [Figures(4.0, 3.0, 1 << 21, 0.5)])]
    assert table(columns).splitlines()[-2].split() == ["drain", "-", "it", "fell"]
    assert table(columns).splitlines()[-1].endswith("-        -")
    assert as_json(columns)["drain"] == {"problem": "it fell"}


def test_the_drain_receives_the_bytes_of_the_rows_and_no_more() -> None:
    with running_replay_server(rows=500, message_size=1 << 14) as server:
        assert drain(server, read_request("projects/p/instances/i/tables/t", 500)) == 500 * replay_rows.ROW_SIZE
        assert drain(server, read_request("projects/p/instances/i/tables/t", 123)) == 123 * replay_rows.ROW_SIZE


def test_the_library_writes_the_rows_it_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.avro"
    with running_replay_server(rows=500) as server:
        usage = run_module("benchmarks.library_backup", [f"--server={server}", "--rows=300", f"--avro={path}"], {})
    assert (usage.printed["rows"], usage.printed["bytes"]) == (300, path.stat().st_size)
    with path.open("rb") as file:
        records: list[Any] = list(reader(file))
    assert [record["key"] for record in records] == [replay_rows.row_key(row) for row in range(300)]
    assert [cell["value"] for cell in records[299]["cells"]] == replay_rows.cell_values(299, seed=1)
