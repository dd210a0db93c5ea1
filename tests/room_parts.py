"""What belongs to a database of the registry and is written by hand: found missing in a tree, part by part."""

import ast
import re
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path

from importlinter.api import read_configuration

from pipelines.command.rooms import Room

REGISTRY = "pipelines/command/rooms.py"
VERBS = ("backup", "restore")
ENTRY = {"options", "configure", "build", "run", "main"}


def lacking(root: Path) -> list[str]:
    """A line for everything that a database lacks which has a line in the registry of a tree, or a room in it."""
    rooms: dict[str, Room] = runpy.run_path(str(root / REGISTRY))["ROOMS"]
    folders = sorted(path.parent.name for path in root.glob("transforms/*/source.py"))
    lines = [f"{name}: no line in ROOMS of {REGISTRY}" for name in folders if name not in rooms]
    for name, room in rooms.items():
        lines += [f"{name}: {line}" for part in PARTS for line in part(root, name, room)]
    return lines


def room(root: Path, name: str, room: Room) -> Iterator[str]:
    needed = {"__init__": set[str](), "source": set(), "target": set(), "records": {"inspect"}}
    for module, functions in needed.items():
        yield from functions_missing(root, f"transforms/{name}/{module}.py", functions)
    optional = {"attachment": ("check_attachment", "attachments"), "schema_table": ("schema_rows", "has_schema_table")}
    for module, (function, field) in optional.items():
        path = f"transforms/{name}/{module}.py"
        if getattr(room, field):
            yield from functions_missing(root, path, {function})
        elif (root / path).exists():
            yield f"{path} is not asked: its line in {REGISTRY} does not say {field}=True"


def pipelines(root: Path, name: str, room: Room) -> Iterator[str]:
    for verb in VERBS:
        yield from functions_missing(root, f"pipelines/{name}_{verb}.py", ENTRY)


def functions_missing(root: Path, path: str, functions: set[str]) -> Iterator[str]:
    if not (root / path).exists():
        yield f"no {path}"
        return
    body = ast.parse((root / path).read_text(encoding="utf-8")).body
    there = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    yield from (f"no function {function} in {path}" for function in sorted(functions - there))


def contract(root: Path, name: str, room: Room) -> Iterator[str]:
    contracts = read_configuration(str(root / "pyproject.toml"))["contracts_options"]
    if not any(f"transforms.{name}" in each.get("protected_modules", ()) for each in contracts):
        yield (
            "no contract in pyproject.toml that keeps others out of its folder; add:\n"
            "[[tool.importlinter.contracts]]\n"
            f'name = "Only pipelines know the room of {room.title}: no other transform does"\n'
            'type = "protected"\n'
            f'protected_modules = ["transforms.{name}"]\n'
            'allowed_importers = ["pipelines", "tests", "benchmarks"]'
        )


def tests(root: Path, name: str, room: Room) -> Iterator[str]:
    if not any(root.glob(f"tests/transforms/{name}/test_*.py")):
        yield f"no tests in tests/transforms/{name}/"


def metadata(root: Path, name: str, room: Room) -> Iterator[str]:
    for verb in VERBS:
        if not (root / f"templates/{name}_{verb}/metadata.json").exists():
            yield f"no templates/{name}_{verb}/metadata.json; `make templates` writes it"


def documents(root: Path, name: str, room: Room) -> Iterator[str]:
    title = room.title
    headings = (f"## {title}", f"### Canonical {title} records", f"### {title} schema", f"### {title} facts")
    wanted = {
        "docs/vault.md": [rf"^{re.escape(heading)}$" for heading in headings],
        "docs/architecture.md": [rf"`transforms/{name}/`"],
        "docs/deploy.md": [rf"^\|.*`{name}_{verb}`" for verb in VERBS],
        "README.md": [rf"^    shardkeep {name}-{verb} " for verb in VERBS],
    }
    said = {
        "docs/vault.md": "the sections on its records, ## TITLE with ### Canonical TITLE records, schema and facts",
        "docs/architecture.md": "the row of its folder",
        "docs/deploy.md": "its templates, in a launch each and in the form, which test_deploy_document.py prints",
        "README.md": "its commands with all their options",
    }
    for path, patterns in wanted.items():
        text = (root / path).read_text(encoding="utf-8")
        if not all(re.search(pattern, text, re.MULTILINE) for pattern in patterns):
            yield f"{path} lacks {said[path].replace('TITLE', title)}"


PARTS: tuple[Callable[[Path, str, Room], Iterator[str]], ...] = (room, pipelines, contract, tests, metadata, documents)
