"""Shell blocks of a document, pasted one after another into one bash, with stand-ins for the programs they call."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

TYPED = "typed-at-the-prompt"
_END_OF_WORD, _END_OF_CALL = "\x1f", "\x1e"
_STAND_IN = """#!/bin/sh
{ printf '%s\\037' "${0##*/}" "$@"; printf '\\036'; } >> "$CALLS"
echo stand.in.output
"""


@dataclass(frozen=True)
class Pasted:
    """What the blocks did: each call as its words after expansion by the shell, and the folder with their files."""

    calls: list[list[str]]
    folder: Path

    def of(self, *words: str) -> list[list[str]]:
        """The calls that begin with these words, without them."""
        return [call[len(words) :] for call in self.calls if call[: len(words)] == list(words)]


def paste(blocks: list[str], folder: Path, programs: tuple[str, ...]) -> Pasted:
    """Run blocks in `folder`, strictly: a variable that is not set is an error, and so is a command that fails."""
    stand_ins = folder / "stand-ins"
    stand_ins.mkdir()
    for program in programs:
        (stand_ins / program).write_text(_STAND_IN)
        (stand_ins / program).chmod(0o755)
    calls = folder / "calls"
    environment = {"PATH": f"{stand_ins}:/usr/bin:/bin", "HOME": str(folder), "CALLS": str(calls)}
    script = "\n".join(["set -eu", *blocks])
    subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, input=f"{TYPED}\n", text=True, check=True, timeout=300
    )
    recorded = calls.read_text(encoding="utf-8").split(_END_OF_CALL)[:-1]
    return Pasted([call.split(_END_OF_WORD)[:-1] for call in recorded], folder)
