"""What belongs to a backup beside its rows: written once by content, named by the manifest, proved when read."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.bigtable_backup import build
from pipelines.command.backup import run_backup
from tests.faulty_store import Fault, FaultyStore
from tests.memory_room import by_hand
from tests.memory_room.database import DATABASES, new_database
from tests.memory_room.source import MemorySource
from tests.memory_room.tables import ORDERS, PEOPLE, two_tables
from tests.memory_room.target import MemoryTarget
from tests.memory_room.vaults import MemoryVault
from tests.transforms.vault.conftest import backup_config
from transforms.errors import IntegrityError, NotFoundError, UnreachableError
from transforms.skipped import Skipped
from transforms.vault.find_backup import find_backup, usable
from transforms.vault.format.attachments import Attachments, attach
from transforms.vault.format.layout import BackupLayout
from transforms.vault.format.manifest import decode_manifest
from transforms.vault.format.object_ref import refer
from transforms.vault.store.local import LocalStore
from transforms.vault.vault import open_vault

LAYOUT = BackupLayout("20240131T120000Z-abcdef")
CONTENTS = {"archive": b"PGDMP\x00\xff", "database.json": b"{}\n", "empty": b""}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)

ROLE = Skipped("role r", "it is not there")


def objects(store: LocalStore) -> dict[str, bytes]:
    return {name: store.read(name) for name in store.list("")}


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(str(tmp_path / "source"))


def test_an_attachment_is_an_object_named_by_its_content(store: LocalStore) -> None:
    refs = attach(store, LAYOUT, CONTENTS)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in CONTENTS.items()}
    names = {name: f"{LAYOUT.backup}/attachments/{digests[name][:32]}-{name}" for name in CONTENTS}
    assert {name: ref.name for name, ref in refs.items()} == names
    assert objects(store) == {names[name]: data for name, data in CONTENTS.items()}
    assert {name: (ref.size, ref.sha256.hex()) for name, ref in refs.items()} == {
        name: (len(data), digests[name]) for name, data in CONTENTS.items()
    }


def test_attaching_twice_is_harmless(store: LocalStore) -> None:
    refs = attach(store, LAYOUT, CONTENTS)
    before = objects(store)
    assert attach(store, LAYOUT, CONTENTS) == refs
    assert objects(store) == before


def test_a_try_with_other_content_writes_beside_the_first_one(store: LocalStore) -> None:
    first = attach(store, LAYOUT, CONTENTS)
    second = attach(store, LAYOUT, {**CONTENTS, "archive": b"another"})
    assert Attachments(store, first).read("archive") == CONTENTS["archive"]
    assert Attachments(store, second).read("archive") == b"another"
    assert len(objects(store)) == 4
    assert {name for name in first if first[name] != second[name]} == {"archive"}


def test_a_lost_answer_to_a_put_is_a_success(store: LocalStore) -> None:
    fault = Fault(1, after=True)
    assert attach(FaultyStore(store, fault), LAYOUT, CONTENTS) == attach(store, LAYOUT, CONTENTS)
    assert fault.struck


def test_an_attachment_that_cannot_be_put_is_an_error(store: LocalStore) -> None:
    with pytest.raises(UnreachableError):
        attach(FaultyStore(store, Fault(2, for_good=True)), LAYOUT, CONTENTS)


@given(st.dictionaries(st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,9}", fullmatch=True), st.binary(max_size=99)))
def test_any_attachments_come_back(tmp_path_factory: pytest.TempPathFactory, contents: Mapping[str, bytes]) -> None:
    store = LocalStore(str(tmp_path_factory.mktemp("any")))
    attachments = Attachments(store, attach(store, LAYOUT, contents))
    assert {name: attachments.read(name) for name in attachments.refs} == contents


@pytest.mark.parametrize("damage", [lambda d: d[:-1], lambda d: d + b"x", lambda d: b"x" + d[1:], lambda d: b""])
def test_reading_proves_the_bytes(store: LocalStore, damage: Callable[[bytes], bytes]) -> None:
    refs = attach(store, LAYOUT, CONTENTS)
    path = Path(store.root, refs["archive"].name)
    path.unlink()
    path.write_bytes(damage(CONTENTS["archive"]))
    with pytest.raises(IntegrityError, match=f"^{refs['archive'].name}: the attachment is not the one"):
        Attachments(store, refs).read("archive")
    assert Attachments(store, refs).read("database.json") == CONTENTS["database.json"]


def test_an_attachment_that_is_missing_is_told_from_one_that_the_backup_does_not_have(store: LocalStore) -> None:
    attachments = Attachments(store, attach(store, LAYOUT, CONTENTS))
    with pytest.raises(NotFoundError, match=r"^the backup has no attachment other\. Choose"):
        attachments.read("other")
    store.delete(attachments.refs["archive"].name)
    with pytest.raises(NotFoundError, match=attachments.refs["archive"].name):
        attachments.read("archive")


def test_a_backup_holds_what_its_source_concludes(vault: MemoryVault) -> None:
    assert run_backup(backup_config(vault.location, vault.database), build) == 0
    listing = find_backup(open_vault(vault.location), "latest", None)
    manifest = usable(listing)
    attachments = Attachments(vault.store, manifest.attachments)
    assert manifest.facts == {"held": True, "calls": 1}
    assert {name: attachments.read(name) for name in attachments.refs} == {
        "names.txt": b"orders\npeople",
        "sizes.json": b"[30, 24]",
    }
    assert len(vault.objects("attachments/*", listing.backup)) == 2


@given(facts=st.dictionaries(st.text(max_size=9), JSON, max_size=4), names=st.sets(st.sampled_from(["a", "b.c", "D"])))
def test_facts_and_attachments_come_back_from_the_manifest(
    pristine_vault: MemoryVault, facts: dict[str, object], names: set[str]
) -> None:
    whole = pristine_vault.manifest
    refs = {name: refer(BackupLayout(pristine_vault.backup).attachment(name, bytes(32)), b"x") for name in names}
    manifest = replace(whole, facts=facts, attachments=refs)
    assert decode_manifest(manifest.encode(), "MANIFEST.json") == manifest


def test_a_conclusion_that_is_made_again_leaves_the_committed_one(tmp_path: Path) -> None:
    """The source may say something else the second time, such as the time: the first commit stands."""
    source = MemorySource(new_database(two_tables()))
    work = by_hand.new_work(str(tmp_path), source)
    receipts = [work.backup_portion(portion) for portion in by_hand.portions(work)]
    files = by_hand.index_files(work, receipts)
    work.commit(work.conclude(files))
    DATABASES[source.database].tables["late"] = two_tables()[ORDERS]
    work.commit(work.conclude(files))
    backup = by_hand.committed(str(tmp_path), source.identity().folder, work.backup)
    assert backup.manifest().facts["calls"] == 1
    assert Attachments(work.store(), backup.manifest().attachments).read("names.txt") == b"orders\npeople"
    assert by_hand.verify(backup, "L3").ok


def test_the_target_reads_the_attachments_at_its_end(vault: MemoryVault) -> None:
    target = new_database()
    work = by_hand.restore_work(vault.committed, MemoryTarget(target, (ROLE,)))
    by_hand.restore(work)
    ending = work.end([]).ending
    assert (ending.notes, ending.skipped) == ((ORDERS, PEOPLE), (ROLE,))
    vault.store.delete(vault.manifest.attachments["names.txt"].name)
    with pytest.raises(NotFoundError, match=r"names\.txt"):
        work.end([])
