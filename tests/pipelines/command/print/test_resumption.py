"""The command that goes on with a restore: its own arguments, but for those that must say something else now."""

import shlex

import pytest

from pipelines.bigtable_restore import configure
from pipelines.command.print.resumption import Resumption

CHOSEN = ["--backup=20260101T000000Z-abcdef", "--source=bigtable+p+i", "--if_exists=append"]
NAMES = ["--bigtable_project=p", "--instance=i"]


def arguments(argv: list[str], *, into_source: bool = False) -> list[str]:
    line = Resumption("bigtable-restore", tuple(argv)).command(CHOSEN[0][9:], CHOSEN[1][9:], into_source=into_source)
    program, name, *rest = shlex.split(line)
    assert (program, name) == ("shardkeep", "bigtable-restore")
    return rest


@pytest.mark.parametrize(
    "replaced",
    [
        [],
        ["--backup=latest"],
        ["--backup", "latest"],
        ["--source", "bigtable+p+i", "--if_exists=refuse"],
        ["--into_source"],
        ["--into_source", "true", "--if_exists", "append"],
    ],
)
def test_what_must_be_said_anew_is_replaced_and_all_else_stays(replaced: list[str]) -> None:
    kept = ["--vault", "my backups", "--table=a:b,c", *NAMES, "--gc", "none"]
    for place in range(0, len(kept), 2):
        if not kept[place].startswith("--table"):
            assert arguments([*kept[:place], *replaced, *kept[place:]])[-3:] == CHOSEN
    assert arguments([*replaced, *kept]) == arguments([*kept, *replaced]) == [*kept, *CHOSEN]


def test_the_source_itself_takes_its_flag() -> None:
    assert arguments(NAMES, into_source=True) == [*NAMES, *CHOSEN, "--into_source"]


def test_a_restore_of_bigtable_knows_its_own_arguments() -> None:
    argv = ["--vault=v", "--backup=latest", *NAMES]
    assert configure(argv).resumption == Resumption("bigtable-restore", tuple(argv))
