"""The import rules of pyproject.toml, held by compiled modules too.

import-linter reads Python files only: neither what a `.pyx` or `.pxd` imports nor a Python module's
`from transforms.room.compiled import name` is in its graph.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from importlinter.api import read_configuration

ROOT = Path(__file__).parent.parent
SUFFIXES = {".py", ".pyi", ".pyx", ".pxd", ".pxi"}
CODEC = "transforms.bigtable.codec"
WIRE = f"{CODEC}.wire"
# From the top down: a package may import those after it.
LAYERS = ("docs", "tests", "benchmarks", "templates", "pipelines", "transforms")
STATEMENT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<base>[.\w]+)[ \t]+c?import[ \t]*(?P<names>\([^)]*\)|[^\n]*)"
    r"|c?import[ \t]+(?P<modules>[^\n]+))",
    re.MULTILINE,
)


@cache
def contracts(kind: str) -> list[dict[str, Any]]:
    """The contracts of a type in pyproject.toml."""
    options = read_configuration(str(ROOT / "pyproject.toml"))["contracts_options"]
    return [contract for contract in options if contract["type"] == kind]


@cache
def rooms() -> dict[str, list[str]]:
    """Each room with the packages that may import it."""
    return {room: guard["allowed_importers"] for guard in contracts("protected") for room in guard["protected_modules"]}


@cache
def floors() -> dict[str, dict[str, tuple[int, bool]]]:
    """Of each package with rooms inside: its rooms and modules, each with its floor, from the top down from 0.

    The second value says whether those of one floor may import one another (`:` in a contract, not `|`).
    """
    drawn = [contract for contract in contracts("layers") if "containers" in contract]
    return {
        package: {
            name: (floor, ":" in layer)
            for floor, layer in enumerate(contract["layers"])
            for name in re.findall(r"\w+", layer)
        }
        for contract in drawn
        for package in contract["containers"]
    }


def imported(text: str, package: str) -> Iterator[str]:
    """The full names of all that `text`, of a module in `package`, may import; an unknown name is harmless."""
    for found in STATEMENT.finditer(re.sub(r"\\\n|#[^\n]*", " ", text)):
        if found["base"]:
            base = absolute(found["base"], package)
            yield base
            yield from (f"{base}.{name}" for name in listed(found["names"]))
        else:
            yield from listed(found["modules"])


def listed(names: str) -> list[str]:
    return [name.split()[0] for name in names.strip("() \t").split(",") if name.strip()]


def absolute(base: str, package: str) -> str:
    name = base.lstrip(".")
    up = len(base) - len(name)
    parents = package.split(".")[: len(package.split(".")) - (up - 1)] if up else []
    return ".".join([*parents, name] if name else parents)


def breaches(text: str, module: str, package: str) -> list[str]:
    return [f"{module} -> {name}" for name in imported(text, package) if forbidden(module, name)]


def forbidden(module: str, name: str) -> bool:
    return climbs(module.split(".")[0], name.split(".")[0]) or trespasses(module, name) or climbs_inside(module, name)


def trespasses(module: str, name: str) -> bool:
    return any(
        within(name, room) and not any(within(module, each) for each in [room, *allowed])
        for room, allowed in rooms().items()
    )


def climbs_inside(module: str, name: str) -> bool:
    """Whether both are of one package, and the second is on a floor above the first, or beside it and closed to it."""
    return any(
        above(inside[child(name, package)], inside[child(module, package)])
        for package, inside in floors().items()
        if child(name, package) != child(module, package)
        and {child(name, package), child(module, package)} <= inside.keys()
    )


def child(name: str, package: str) -> str:
    return name[len(package) + 1 :].partition(".")[0] if within(name, package) else ""


def above(one: tuple[int, bool], other: tuple[int, bool]) -> bool:
    return one[0] < other[0] or (one[0] == other[0] and not one[1])


def climbs(importer: str, name: str) -> bool:
    return name in LAYERS and LAYERS.index(name) < LAYERS.index(importer)


def within(name: str, package: str) -> bool:
    return f"{name}.".startswith(f"{package}.")


def modules() -> list[Path]:
    files = (path for package in ("pipelines", "transforms") for path in (ROOT / package).rglob("*"))
    return sorted(path.relative_to(ROOT) for path in files if path.suffix in SUFFIXES)


def test_no_module_imports_what_its_layer_or_room_forbids() -> None:
    found = []
    for path in modules():
        module, package = ".".join(path.with_suffix("").parts), ".".join(path.parent.parts)
        found += breaches((ROOT / path).read_text(encoding="utf-8"), module, package)
    assert not found


def test_every_room_has_a_contract() -> None:
    folders = {".".join(path.parent.relative_to(ROOT).parts) for path in ROOT.glob("transforms/*/source.py")}
    assert folders <= set(rooms())


def test_every_package_with_rooms_inside_has_a_contract_that_names_them_all() -> None:
    folders = [
        path.parent.relative_to(ROOT)
        for path in (*ROOT.glob("transforms/*/*/__init__.py"), *ROOT.glob("pipelines/*/*/__init__.py"))
    ]
    named = {(package, name) for package, inside in floors().items() for name in inside}
    assert {(".".join(folder.parent.parts), folder.name) for folder in folders} <= named


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("from . cimport wire", [CODEC, WIRE]),
        ("from .wire cimport put, take as t  # why", [WIRE, f"{WIRE}.put", f"{WIRE}.take"]),
        ("from ...avro import (\n    block,\n)", ["transforms.avro", "transforms.avro.block"]),
        ("    import transforms.vault.index as i, os", ["transforms.vault.index", "os"]),
        ("cimport cython", ["cython"]),
        ("from libc.string cimport \\\n    memcpy", ["libc.string", "libc.string.memcpy"]),
        ("cdef extern from 'x.h':\n    pass", []),
    ],
)
def test_import_statements_of_cython_are_read(statement: str, names: list[str]) -> None:
    assert list(imported(statement, CODEC)) == names


@pytest.mark.parametrize(
    ("module", "statement", "refused"),
    [
        ("transforms.avro.block", "from transforms.bigtable.codec.wire cimport put", True),
        ("transforms.avro.block", "from transforms cimport bigtable", True),
        ("transforms.avro.block", "from ..bigtable cimport wire", True),
        ("transforms.backup", "from transforms.bigtable.codec.row_assembler import RowAssembler", True),
        ("transforms.postgres.codec.numeric", "cimport transforms.bigtable.codec.wire", True),
        ("transforms.bigtable.codec.row", "from .wire cimport put", False),
        ("transforms.bigtable.codec.row", "from transforms.avro cimport varint", False),
        ("transforms.bigtable.codec.row", "import pipelines.command", True),
        ("transforms.bigtable.codec.row", "from ..catalog cimport gc_rule", False),
        ("transforms.bigtable.codec.row", "from ..ranges.read import RowReader", True),
        ("transforms.bigtable.codec.row", "from transforms.bigtable import source", True),
        ("transforms.postgres.codec.numeric", "from transforms.postgres.catalog.key import Key", True),
        ("transforms.postgres.codec.numeric", "from transforms.postgres.names import pattern", True),
        ("transforms.postgres.source", "from transforms.postgres.target import PostgresTarget", False),
        ("transforms.vault.store.local", "from transforms.vault.format.layout import VAULT", True),
        ("pipelines.verify", "from transforms.bigtable.codec.wire import put", False),
        ("pipelines.verify", "from tests.servers import bigtable_emulator", True),
    ],
)
def test_the_rules_refuse_what_they_should(module: str, statement: str, refused: bool) -> None:
    assert bool(breaches(statement, module, module.rpartition(".")[0])) == refused
