"""All compiled decoders, and the command that runs them: `python -m tests.fuzz.decoders CASES SEED`."""

import importlib
import sys
from array import array
from itertools import accumulate
from pathlib import Path

from tests.fuzz import bigtable_targets, postgres_targets
from tests.fuzz.mutation import Input
from tests.fuzz.target import Target, drawn, exact
from tests.transforms.test_record_digest import RECORDS
from transforms.record_digest import sum_of_hashes

ROOT = Path(__file__).parent.parent.parent
# It reads nothing itself: it hands libpq's messages on to `copy_transcoder`.
NO_DECODER = "transforms.postgres.codec.copy_pull"
WORD = array("Q").itemsize


def digest(parts: Input) -> None:
    """Read records and where they end."""
    ends = array("Q", parts[-1][: len(parts[-1]) // WORD * WORD])[:]
    assert 0 <= sum_of_hashes(exact(parts[0]), ends) < 1 << 128


def modules() -> list[str]:
    """All compiled modules."""
    sources = sorted(path.relative_to(ROOT) for path in (ROOT / "transforms").rglob("*.pyx"))
    return [".".join(path.with_suffix("").parts) for path in sources]


def targets() -> dict[str, Target]:
    """The decoders by their modules."""
    records = [(b"".join(each), array("Q", accumulate(map(len, each))).tobytes()) for each in drawn(RECORDS)]
    return (
        {"transforms.record_digest": Target(digest, records)} | bigtable_targets.targets() | postgres_targets.targets()
    )


def main(cases: int, number: int) -> None:
    """Run every decoder of the build in the current folder, and print how many inputs each took."""
    for name in modules():
        file = Path(importlib.import_module(name).__file__ or "")
        if not file.is_relative_to(Path.cwd()):
            raise SystemExit(f"{name} is not of this folder's build but {file}")
    for name, target in targets().items():
        print(name, flush=True)
        print(f"    took {target.run(cases, number)} of {cases} inputs", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
