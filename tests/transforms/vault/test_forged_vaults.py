"""Whatever a vault's documents say, its readers end with an integrity error, a refusal, or what was asked for.

Each document is changed field by field, and every digest on the way to it is made anew, so that the change arrives at
the document's own reader, and behind it.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines import list_backups, show_backup
from pipelines.command.exit_codes import run_command
from pipelines.command.rooms import attachment_check, inspector
from pipelines.command.verify import _committed
from tests.docs.small_database import running_database
from tests.docs.small_source import SmallSource
from tests.memory_room import by_hand
from tests.memory_room.database import new_database
from tests.memory_room.source import MemorySource
from tests.memory_room.tables import two_tables
from tests.memory_room.target import MemoryTarget
from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.sessions import database_of
from tests.transforms.vault.forging import OF_JSON, Forge, Place, at, changed, others, places
from transforms import committed_backup, restore_work
from transforms.bigtable.catalog import gc_rule
from transforms.bigtable.catalog.schema import TableSchema
from transforms.committed_backup import CommittedBackup
from transforms.errors import IntegrityError
from transforms.postgres.names.selection import Selection
from transforms.postgres.objects.owners import Owning
from transforms.postgres.objects.renames import EVERYTHING
from transforms.postgres.restore.load_plan import load_plan
from transforms.postgres.restore.plan import is_large_objects, read_restore
from transforms.postgres.source import PostgresSource
from transforms.source import Source
from transforms.vault.find_backup import find_backup, usable
from transforms.vault.format.manifest import Manifest
from transforms.vault.vault import open_vault
from transforms.verify_work import VerifyWork

GOOD = {0, 5, 6, 7}
Restore = Callable[[CommittedBackup], object]
FEW = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True)
class Scene:
    """A vault with one backup, and what a restore of it reads before it writes."""

    forge: Forge
    restore: Restore


def take(root: Path, source: Source) -> Forge:
    """A backup of all tables of a source, taken without an engine."""
    with source.opened() as opened:
        work = by_hand.new_work(str(root), opened, ranges=2)  # type: ignore[arg-type]
        by_hand.backup(work)
    return Forge(root, root / source.identity().folder / work.backup)


def restore_memory(backup: CommittedBackup) -> object:
    return by_hand.restore(by_hand.restore_work(backup, MemoryTarget(new_database())))


def restore_bigtable(backup: CommittedBackup) -> object:
    """What is made of schemas, without a server to make the tables."""
    schemas = [TableSchema.from_json(entry.table.schema) for entry in backup.manifest().tables]
    policies = [gc_rule.cbt_policy(family.gc) for schema in schemas for family in schema.families.values()]
    return [schema.for_creation() for schema in schemas], [schema.backup_policy() for schema in schemas], policies


def restore_postgres(backup: CommittedBackup) -> object:
    """The plan of a restore, without a server to judge it."""
    manifest = backup.manifest()
    chosen = list(by_hand.all_tables(manifest).values())
    attachments = backup.attachments()
    plans = [load_plan(item.table) for item in chosen if not is_large_objects(item.table)]
    return plans, read_restore(chosen, attachments, EVERYTHING, Owning(True, True), is_superuser=True)


@pytest.fixture(scope="module")
def memory_scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(
        take(tmp_path_factory.mktemp("memory") / "v", MemorySource(new_database(two_tables()))), restore_memory
    )


@pytest.fixture(scope="module")
def bigtable_scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    source: Any = SmallSource(names=("empty", "orders.2024"))
    return Scene(take(tmp_path_factory.mktemp("bigtable") / "v", source), restore_bigtable)


@pytest.fixture(scope="module")
def postgres_scene(postgres18: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with running_database(postgres18) as name:
        source = PostgresSource(database_of(postgres18, name), Selection(), "snapshot")
        yield Scene(take(tmp_path_factory.mktemp("postgres") / "v", source), restore_postgres)


@pytest.fixture(params=["memory", "bigtable", "postgres"])
def scene(request: pytest.FixtureRequest) -> Scene:
    found: Scene = request.getfixturevalue(f"{request.param}_scene")
    return found


@contextmanager
def forged(scene: Scene, change: Callable[[Forge], None]) -> Iterator[None]:
    """The scene with a change, which is undone."""
    kept = {path: path.read_bytes() for path in scene.forge.documents()}
    change(scene.forge)
    forget()
    try:
        yield
    finally:
        for path, data in kept.items():
            if not path.exists() or path.read_bytes() != data:
                path.unlink(missing_ok=True)
                path.write_bytes(data)
        forget()


def forget() -> None:
    """A process reads a manifest once: here it changes."""
    committed_backup._read_manifest.cache_clear()
    restore_work._assign.cache_clear()


def ends(scene: Scene) -> dict[str, int]:
    """The exit codes of all that reads a vault, by what it is."""
    place, backup = str(scene.forge.root), scene.forge.folder.name
    one = [f"--vault={place}", f"--backup={backup}"]
    calls: Mapping[str, Callable[[], object]] = {
        "list": lambda: list_backups.run([f"--vault={place}"]),
        "list as JSON": lambda: list_backups.run([f"--vault={place}", "--json"]),
        "show": lambda: show_backup.run(one),
        "show as JSON": lambda: show_backup.run([*one, "--json"]),
        "latest": lambda: find_backup(open_vault(place), "latest"),
        "verify L1": lambda: verify(place, backup, "L1"),
        "verify L3": lambda: verify(place, backup, "L3"),
        "restore": lambda: scene.restore(of(usable(find_backup(open_vault(place), backup)), place, backup)),
    }
    return {name: ended(call) for name, call in calls.items()}


def ended(call: Callable[[], object]) -> int:
    def run(_: object) -> int:
        call()
        return 0

    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as told:
        code = run_command(run, [])
    assert code in GOOD, told.getvalue()
    return code


def of(manifest: Manifest, place: str, backup: str) -> CommittedBackup:
    return CommittedBackup(place, manifest.intent.source.folder, backup)


def verify(place: str, backup: str, level: str) -> None:
    listing = find_backup(open_vault(place), backup)
    manifest = _committed(listing)
    source = manifest.intent.source
    checks = inspector(source), attachment_check(source)
    report = by_hand.check(VerifyWork(of(manifest, place, backup), by_hand.NO_PROGRESS, *checks), level)
    if not report.ok:
        raise IntegrityError("\n".join(report.problems))


def test_the_scene_is_whole(scene: Scene) -> None:
    assert set(ends(scene).values()) == {0}


def changes(scene: Scene, path: Path) -> list[tuple[Place, Any]]:
    """Places in a document, each with what is put there."""
    value = scene.forge.value(path)
    if path.suffix == ".json":
        return [(place, new) for place in places(value) for new in OF_JSON]
    return [(place, new) for place in places(value) for new in others(at(value, place))]


@FEW
@given(data=st.data())
def test_no_field_of_any_document_breaks_a_reader(scene: Scene, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(structured(scene)), "document")
    place, new = data.draw(st.sampled_from(changes(scene, path)), "change")
    with forged(scene, partial(put_changed, path, place, new)):
        ends(scene)


def put_changed(path: Path, place: Place, new: Any, forge: Forge) -> None:  # noqa: ANN401
    forge.put(path, changed(forge.value(path), place, new))


def structured(scene: Scene) -> list[Path]:
    """The documents whose form is the vault's: not the attachments."""
    return [path for path in scene.forge.documents() if path.parent.name != "attachments"]


@pytest.mark.soak
def test_no_field_of_any_document_breaks_a_reader_one_by_one(scene: Scene) -> None:
    for path in structured(scene):
        for place, new in changes(scene, path):
            with forged(scene, partial(put_changed, path, place, new)):
                ends(scene)


@FEW
@given(data=st.data())
def test_no_bytes_of_an_attachment_break_a_reader(scene: Scene, data: st.DataObject) -> None:
    paths = sorted((scene.forge.folder / "attachments").iterdir())
    path = data.draw(st.sampled_from(paths), "attachment")
    whole = path.read_bytes()
    size = data.draw(st.integers(0, len(whole)), "size")
    place, mask = data.draw(st.integers(0, max(0, size - 1)), "place"), data.draw(st.integers(0, 255), "mask")
    damaged = bytearray(whole[:size])
    if damaged:
        damaged[place] ^= mask
    with forged(scene, lambda forge: forge.put_bytes(path, bytes(damaged))):
        ends(scene)
