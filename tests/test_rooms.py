"""A database is a folder, two pipelines and a line in the registry; the rest is found, made, or named as missing."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines.command.rooms import ROOMS, attachment_check, inspector, schema_table
from tests.room_parts import lacking
from tests.toy_room import ROOT, add_folder, add_line, add_pipelines, copy_tree
from transforms.errors import IntegrityError
from transforms.identity import Identity, Table

SETUP = (
    "import setup; print('transforms.toy' in setup.PACKAGES, [e.name for e in setup.extensions() if 'toy' in e.name])"
)


def said_by(root: Path, *arguments: str) -> str:
    return subprocess.run([sys.executable, *arguments], cwd=root, stdout=subprocess.PIPE, text=True, check=True).stdout


def named(path: Path) -> Iterator[str]:
    """The names and texts of a module's code; its comments and docstrings may give examples."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute | ast.alias | ast.Constant) and id(node) not in said:
            yield ast.unparse(node)


def test_no_database_lacks_anything() -> None:
    missing = lacking(ROOT)
    assert not missing, "\n".join(missing)


def test_code_outside_a_room_names_no_database() -> None:
    neutral = [path for path in (ROOT / "transforms").rglob("*.py") if path.relative_to(ROOT).parts[1] not in ROOMS]
    database = re.compile("|".join(ROOMS), re.IGNORECASE)
    assert len(neutral) > 40
    assert [f"{path.name}: {text}" for path in neutral for text in named(path) if database.search(text)] == []


def test_a_new_database_is_found_and_what_it_lacks_is_named(tmp_path: Path) -> None:
    copy_tree(tmp_path)
    assert lacking(tmp_path) == []
    add_folder(tmp_path)
    assert lacking(tmp_path) == ["toy: no line in ROOMS of pipelines/command/rooms.py"]
    add_line(tmp_path)
    assert {f"toy: no pipelines/toy_{verb}.py" for verb in ("backup", "restore")} < set(lacking(tmp_path))
    add_pipelines(tmp_path)
    shown = said_by(tmp_path, "-m", "pipelines.command.dispatch", "--help")
    assert re.search(r"^  toy-backup +back up a Toy database into a vault$", shown, re.MULTILINE)
    assert re.search(r"^  toy-restore +restore a backup into an empty Toy database$", shown, re.MULTILINE)
    assert said_by(tmp_path, "-c", SETUP) == "True ['transforms.toy.codec']\n"
    said_by(tmp_path, "-m", "templates.metadata", "--write")
    assert [line.partition("\n")[0] for line in lacking(tmp_path)] == [
        "toy: no contract in pyproject.toml that keeps others out of its folder; add:",
        "toy: no tests in tests/transforms/toy/",
        "toy: docs/vault.md lacks the sections on its records, ## Toy with ### Canonical Toy records, schema and facts",
        "toy: docs/architecture.md lacks the row of its folder",
        "toy: docs/deploy.md lacks its templates, in a launch each and in the form,"
        " which test_deploy_document.py prints",
        "toy: README.md lacks its commands with all their options",
    ]


def test_modules_that_no_one_would_ask_are_missed(tmp_path: Path) -> None:
    copy_tree(tmp_path)
    names = ("transforms/bigtable/attachment.py", "transforms/postgres/schema_table.py")
    for name in names:
        (tmp_path / name).touch()
    assert [line.partition(": ")[2].partition(" is not asked")[0] for line in lacking(tmp_path)] == [*names]


def test_a_database_that_is_not_known_has_no_table_of_schemas() -> None:
    table = Table(("t",), {"families": {"f": {}}}, "{}")
    assert schema_table(Identity("future", (("host", "h"),)), [table]) == ((), [])
    assert schema_table(Identity("postgres", (("database", "d"),)), [table]) == ((), [])
    assert len(schema_table(Identity("bigtable", (("instance", "i"),)), [table])[1]) == 1


@pytest.mark.parametrize("reader", [inspector, attachment_check])
def test_a_database_that_is_not_known_cannot_be_read(reader: Callable[[Identity], object]) -> None:
    with pytest.raises(IntegrityError, match="the backup is of oracle host=shop, which this version cannot read"):
        reader(Identity("oracle", (("host", "shop"),)))
