"""The result of a job: handed back to its command or, by workers elsewhere, written to their log."""

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from pipelines.command.print.sizes import counted
from transforms.errors import IntegrityError, ShardkeepError
from transforms.other_tables import OtherTables
from transforms.skipped import Skipped, listed

_LOG = logging.getLogger("shardkeep")


class Result(Protocol):
    """Where the last step of a job writes what the job did, as a JSON object; that step may run twice."""

    def write(self, value: dict[str, Any]) -> None:
        """Hand the value over."""


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A file in the command's temporary folder; written whole or not at all."""

    path: str

    def write(self, value: dict[str, Any]) -> None:
        """Hand the value back; if the command and its folder are gone, log it."""
        unfinished = Path(f"{self.path}.{os.getpid()}")
        try:
            unfinished.write_text(json.dumps(value), encoding="utf-8")
            unfinished.replace(self.path)
        except FileNotFoundError:
            ResultLog().write(value)

    def read(self) -> dict[str, Any]:
        """The value that the job handed back.

        Raises:
            ShardkeepError: if there is no result: a job that reports nothing has proved nothing.
        """
        try:
            return cast(dict[str, Any], json.loads(Path(self.path).read_text(encoding="utf-8")))
        except FileNotFoundError as error:
            raise ShardkeepError("the job ended without a result; nothing can be said about its work.") from error


@dataclass(frozen=True, slots=True)
class ResultLog:
    """The worker's log, one line for each table, note and problem; a report that is not OK fails the job."""

    def write(self, value: dict[str, Any]) -> None:
        """Log the value.

        Raises:
            IntegrityError: if the value is a report (it has `ok`) and something is wrong.
        """
        for level, line in _lines(value):
            _LOG.log(level, "%s", line)
        if not value.get("ok", True):
            raise IntegrityError("the backup is not whole: the log of this step names what is wrong with it.")


def _lines(value: dict[str, Any]) -> Iterator[tuple[int, str]]:
    for table in value.get("tables", ()):
        yield logging.INFO, f"restored {json.dumps(table)}"
        yield from ((logging.INFO, f"note: {note}") for note in table["notes"])
    yield from ((logging.INFO, f"note: {note}") for note in value.get("notes", ()))
    skipped = [Skipped(**each) for each in value.get("skipped", ())]
    yield from ((logging.WARNING, f"left out: {line}") for line in listed(skipped))
    yield from ((logging.WARNING, line) for line in OtherTables(**value.get("others", {})).warnings())
    yield from ((logging.ERROR, f"problem: {problem}") for problem in value.get("problems", ()))
    if "checked" in value:
        yield logging.INFO, f"{counted(value['checked'], 'check')}, {counted(len(value['problems']), 'problem')}"
