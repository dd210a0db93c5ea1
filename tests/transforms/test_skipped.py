"""What a restore left out, in lines, as text and as a script."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.command.print.report import Report, Reported
from pipelines.command.print.result import ResultFile
from tests.servers.gcs_gate import Gate
from tests.servers.postgres_server import PostgresServer
from transforms.errors import ExistsError, RefusedError, UsageError
from transforms.skipped import Skipped, from_text, listed, script, to_text

INDEX = Skipped("INDEX public.i", 'function "f" does not exist', "CREATE INDEX i\n    ON public.t (a);")
VIEW = Skipped("VIEW v\nDROP TABLE t", "needs\r-- INDEX\x85SELECT 1", follows=True)
SETTING = "SELECT pg_catalog.set_config('search_path', '', false);"
ANY = st.builds(Skipped, st.text(), st.text(), st.text(), st.booleans())


@given(st.lists(ANY))
def test_what_was_left_out_comes_back_from_its_text(skipped: list[Skipped]) -> None:
    assert to_text(skipped).isascii()
    assert from_text(to_text(skipped)) == tuple(skipped)


def test_causes_come_first_and_many_followers_are_counted() -> None:
    followers = [Skipped(f"INDEX {place}", "needs TABLE t", follows=True) for place in range(12)]
    lines = listed([*followers, Skipped("TABLE t", "no right")])
    assert lines[:2] == ["TABLE t: no right.", "INDEX 0: needs TABLE t."]
    assert (len(lines), lines[-1]) == (12, "and 2 others that need these.")


def test_a_script_makes_what_was_left_out(postgres18: PostgresServer, new_database: Callable[..., str]) -> None:
    database = new_database(postgres18)
    postgres18.sql("CREATE TABLE t (a int)", database)
    postgres18.sql("\n".join(script([INDEX, VIEW])), database)
    assert postgres18.sql("SELECT to_regclass('i'), to_regclass('t')", database) == "i|t"


@given(st.lists(ANY))
def test_where_names_have_changed_a_script_is_comments_alone(skipped: list[Skipped]) -> None:
    lines = "\n".join(script(skipped, ["public.a to public.b"])).splitlines()
    assert [line for line in lines if line and not line.startswith("-- ")] == [SETTING]
    assert "public.a to public.b" in lines[0]


def test_no_statement_is_a_command_of_psql(postgres18: PostgresServer, tmp_path: Path) -> None:
    hostile = Skipped(
        "INDEX i", "syntax error", f"CREATE INDEX i \\! touch {tmp_path}/made\n;\n\\! touch {tmp_path}/made"
    )
    postgres18.sql("\n".join(script([hostile])))
    assert list(tmp_path.iterdir()) == []


def reported(report: Report, folder: Path, *skipped: Skipped) -> list[str]:
    """Write a result and its report, twice, as an engine may; returns the result's notes."""
    result = ResultFile(str(folder / "result"))
    for _ in range(2):
        Reported(result, report).write({"notes": ["one"], "skipped": json.loads(to_text(skipped))})
    notes: list[str] = result.read()["notes"]
    return notes


def test_a_report_is_two_files(tmp_path: Path) -> None:
    report = Report.at(str(tmp_path / "left_out"))
    assert report is not None
    report.check()
    assert reported(report, tmp_path, INDEX, VIEW) == ["one"]
    assert from_text((tmp_path / "left_out.json").read_text()) == (INDEX, VIEW)
    assert INDEX.statement in (tmp_path / "left_out.sql").read_text()


def test_a_report_goes_to_cloud_storage_and_replaces_nothing_there(gate: Gate, tmp_path: Path) -> None:
    report = Report(f"gs://{gate.new_bucket()}/left_out")
    report.check()
    assert reported(report, tmp_path, INDEX) == ["one"]
    with pytest.raises(ExistsError, match=r"left_out\.json exists"):
        report.check()
    (_, note) = reported(report, tmp_path, VIEW)
    assert note.startswith("the report was not written: left_out.json exists")


@pytest.mark.parametrize("path", ["/no/such/folder/x", "gs://bucket", "gs://bucket/"])
def test_a_place_where_no_report_can_be_is_refused(path: str) -> None:
    report = Report.at(path)
    assert report is not None
    with pytest.raises(UsageError, match=f"--report={path}"):
        report.check()


def test_workers_elsewhere_write_no_file_here(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="the workers are not"):
        Report(str(tmp_path / "x")).check(is_here=False)


def test_no_option_is_no_report() -> None:
    assert Report.at(None) is None
