"""`docs/vault.md`, and what is in a small vault, to be compared with it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.docs.conftest import SmallVault
from tests.docs.described import JsonCheck
from tests.docs.markdown import field_tables, read
from transforms.vault.format.index import decode_index
from transforms.vault.format.shard import Shard

DOCUMENT = read("vault.md")
FIELDS = field_tables(DOCUMENT)


def kind_of(name: str) -> str:
    return "Failure note" if "/notes/failure-" in name else name.rpartition("/")[2]


def own_objects(vault: SmallVault) -> list[str]:
    """All objects but attachments, whose form is their room's."""
    return [name for name in vault.objects() if "/attachments/" not in name]


def json_objects(vault: SmallVault) -> Iterator[tuple[str, Any]]:
    return ((name, json.loads(vault.read(name))) for name in own_objects(vault) if name.endswith(".json"))


def avro_files(vault: SmallVault) -> list[Path]:
    return [vault.root / name for name in own_objects(vault) if not name.endswith(".json")]


def indexed_shards(vault: SmallVault) -> Iterator[Shard]:
    for path in sorted((vault.committed / "index").iterdir()):
        yield from (entry.shard for entry in decode_index(path.read_bytes(), path.name))


def manifest(vault: SmallVault) -> Any:  # noqa: ANN401
    return json.loads((vault.committed / "MANIFEST.json").read_bytes())


def checked_json(vault: SmallVault) -> tuple[JsonCheck, list[str]]:
    check = JsonCheck(FIELDS)
    found = [problem for name, value in json_objects(vault) for problem in check.problems(value, kind_of(name), name)]
    return check, found


def run(command: list[str]) -> list[str]:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def run_python(program: str, vault: SmallVault) -> list[str]:
    return run([sys.executable, "-c", program, str(vault.committed)])


def checked_facts(vault: SmallVault) -> tuple[JsonCheck, list[str]]:
    """The facts of backups, and the inventories of PostgreSQL's."""
    check, found = JsonCheck(FIELDS), list[str]()
    for path in vault.root.glob("*/*/MANIFEST.json"):
        held = json.loads(path.read_bytes())
        kind = {"bigtable": "Bigtable facts", "postgres": "PostgreSQL facts"}[held["source"]["room"]]
        found += check.problems(held["facts"], kind, "facts")
    for path in vault.root.glob("*/*/attachments/*-database.json"):
        found += check.problems(json.loads(path.read_bytes()), "database.json", "database.json")
    return check, found
