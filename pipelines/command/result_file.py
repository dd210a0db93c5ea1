"""What a job on this machine hands back to its command: one JSON object in a file."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from transforms.errors import ShardkeepError


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A file in the command's temporary folder; written whole or not at all, so a step may run twice."""

    path: str

    def write(self, value: dict[str, Any]) -> None:
        """Hand the value back."""
        unfinished = Path(f"{self.path}.{os.getpid()}")
        unfinished.write_text(json.dumps(value), encoding="utf-8")
        unfinished.replace(self.path)

    def read(self) -> dict[str, Any]:
        """The value that the job handed back.

        Raises:
            ShardkeepError: if there is none: a job that reports nothing has proved nothing.
        """
        try:
            return cast(dict[str, Any], json.loads(Path(self.path).read_text(encoding="utf-8")))
        except FileNotFoundError as error:
            raise ShardkeepError("the job ended without a result; nothing can be said about its work.") from error
