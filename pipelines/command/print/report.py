"""The files of `--report`: what a restore skipped, as JSON and as an SQL script that creates it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.command.print.result import Result
from transforms.errors import NotFoundError, RefusedError, ShardkeepError, UnreachableError, UsageError
from transforms.skipped import Skipped, script
from transforms.vault.store.interface import Store, put_once, taken
from transforms.vault.store.opening import is_local, open_store

ENDINGS = (".json", ".sql")


@dataclass(frozen=True, slots=True)
class Report:
    """Where the report is written.

    Attributes:
        path: The name of the files without their suffixes: an absolute local path, or `gs://BUCKET/NAME`.
        renamed: What has another name in the target, as text for people.
    """

    path: str
    renamed: tuple[str, ...] = ()

    @classmethod
    def at(cls, path: str | None, renamed: Sequence[str] = ()) -> "Report | None":
        """The report at the option's value; None if the option is not given."""
        if path is None:
            return None
        return cls(str(Path(path).absolute()) if is_local(path) else path, tuple(renamed))

    def check(self, is_here: bool = True) -> None:
        """Check before the work, as far as possible, that the report can be written.

        Args:
            is_here: Whether the workers are on this machine: one of them writes the report.

        Raises:
            RefusedError: if they are elsewhere, and the path is on this machine.
            UsageError: if the path's folder does not exist, or the path cannot be a file's.
            ExistsError: if Cloud Storage has an object of that name: it is not replaced.
        """
        if not is_local(self.path):
            self._check_objects(*self._object())
        elif not is_here:
            raise RefusedError(f"--report={self.path} is on this machine, the workers are not: name gs://BUCKET/NAME.")
        elif Path(self.path).name == "" or not Path(self.path).parent.is_dir():
            raise UsageError(f"--report={self.path}: name files in a folder that is there, without .json or .sql.")

    def _check_objects(self, store: Store, name: str) -> None:
        for ending in ENDINGS:
            try:
                store.stat(name + ending)
            except NotFoundError:
                continue
            raise taken(f"--report={self.path}: {name}{ending}")

    def _object(self) -> tuple[Store, str]:
        folder, _, name = self.path.rpartition("/")
        if not name or folder.count("/") < 2:
            raise UsageError(f"--report={self.path}: name objects in a bucket: gs://BUCKET/NAME.")
        return open_store(folder), name

    def write(self, skipped: Sequence[dict[str, Any]]) -> None:
        """Write both files, even if nothing was skipped; may be called twice.

        Raises:
            UnreachableError: if they cannot be written.
            ExistsError: if Cloud Storage has another object of that name by then.
        """
        lines = script((Skipped(**each) for each in skipped), self.renamed)
        self._put(ENDINGS[0], json.dumps(skipped, indent=1) + "\n")
        self._put(ENDINGS[1], "".join(f"{line}\n" for line in lines))

    def _put(self, ending: str, text: str) -> None:
        data = text.encode("utf-8", "surrogateescape")
        if not is_local(self.path):
            store, name = self._object()
            put_once(store, name + ending, data)
            return
        try:
            Path(self.path + ending).write_bytes(data)
        except OSError as error:
            raise UnreachableError(f"--report={self.path}: {error.strerror}.") from error


@dataclass(frozen=True, slots=True)
class Reported:
    """A result whose report the last step of the job writes: the command may not wait for the job."""

    result: Result
    report: Report

    def write(self, value: dict[str, Any]) -> None:
        """See `Result.write`. A report that cannot be written becomes a note: the result has its content."""
        notes = list(value["notes"])
        try:
            self.report.write(value["skipped"])
        except ShardkeepError as error:
            notes.append(f"the report was not written: {error}")
        self.result.write({**value, "notes": notes})
