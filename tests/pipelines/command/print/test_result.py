"""What a job says in the end, where no command is there to hear it."""

import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from pipelines.command.print.result import ResultFile, ResultLog
from transforms.errors import IntegrityError
from transforms.other_tables import OtherTables
from transforms.skipped import Skipped

TABLE = {"table": "a", "destination": "b", "rows": 3, "expired": 0, "notes": ["a is half empty"]}


def logged(value: dict[str, Any], caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    with caplog.at_level(logging.INFO, "shardkeep"):
        ResultLog().write(value)
    return [(record.levelno, record.getMessage()) for record in caplog.records]


def test_a_restore_logs_each_table_and_what_a_person_should_know(caplog: pytest.LogCaptureFixture) -> None:
    assert logged(
        {"tables": [TABLE], "notes": ["n"], "skipped": [asdict(Skipped("publication p", "no right"))]}, caplog
    ) == [
        (
            logging.INFO,
            'restored {"table": "a", "destination": "b", "rows": 3, "expired": 0, "notes": ["a is half empty"]}',
        ),
        (logging.INFO, "note: a is half empty"),
        (logging.INFO, "note: n"),
        (logging.WARNING, "left out: publication p: no right."),
    ]


def test_a_restore_logs_what_else_is_damaged(caplog: pytest.LogCaptureFixture) -> None:
    others = OtherTables(("c",), "no answer.", "verify it")
    assert logged({"others": asdict(others)}, caplog) == [(logging.WARNING, line) for line in others.warnings()]


def test_a_good_report_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    report = {"ok": True, "checked": 1234, "problems": [], "unnamed_problems": 0}
    assert logged(report, caplog) == [(logging.INFO, "1,234 checks, 0 problems")]


@pytest.mark.parametrize("problems", [["x is missing."], []], ids=["a problem", "nothing checked"])
def test_a_bad_report_fails_the_job(problems: list[str], caplog: pytest.LogCaptureFixture) -> None:
    report = {"ok": False, "checked": len(problems), "problems": problems, "unnamed_problems": 0}
    with pytest.raises(IntegrityError, match="not whole"):
        logged(report, caplog)
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert errors == [f"problem: {problem}" for problem in problems]


def test_a_result_whose_command_has_gone_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    there, gone = ResultFile(str(tmp_path / "result")), ResultFile(str(tmp_path / "gone" / "result"))
    with caplog.at_level(logging.INFO, "shardkeep"):
        there.write({"notes": ["n"]})
        gone.write({"notes": ["m"]})
    assert there.read() == {"notes": ["n"]}
    assert [record.getMessage() for record in caplog.records] == ["note: m"]
