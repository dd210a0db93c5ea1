import hashlib
import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.folder_name import LONGEST_IDENTIFIER, encode_part, encode_parts
from transforms.vault.format.layout import FORMS, BackupLayout, check_name, is_backup, is_source

TEXTS = st.characters(exclude_categories=["Cs"])
# Bytes that are not UTF-8 are in names of SQL_ASCII databases.
BYTES = st.binary(min_size=1, max_size=12).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
SHORT_PARTS = st.lists(st.text(TEXTS, min_size=1, max_size=4) | BYTES, min_size=1, max_size=3)
PARTS = st.lists(st.text(TEXTS, min_size=1) | BYTES, min_size=1, max_size=3)


@pytest.mark.parametrize(
    ("part", "encoded"),
    [
        ("orders_2024-x.y", "orders_2024-x.y"),
        ("a/b", "a%2Fb"),
        ("50%", "50%25"),
        ("a+b", "a%2Bb"),
        ("~x", "%7Ex"),
        ("..", "%2E."),
        (".hidden", "%2Ehidden"),
        ("größe", "gr%C3%B6%C3%9Fe"),
        (b"gr\xf6\xdfe".decode("utf-8", "surrogateescape"), "gr%F6%DFe"),
    ],
)
def test_a_part_is_percent_encoded(part: str, encoded: str) -> None:
    assert encode_part(part) == encoded


@given(SHORT_PARTS)
def test_an_identifier_can_be_taken_apart_again(parts: list[str]) -> None:
    assert [unquote(part, errors="surrogateescape") for part in encode_parts(parts).split("+")] == parts


@given(PARTS)
def test_an_encoded_identifier_is_one_visible_part_of_a_path(parts: list[str]) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_%+-][A-Za-z0-9_.%+~-]*", encode_parts(parts))
    assert len(encode_parts(parts)) <= LONGEST_IDENTIFIER


@pytest.mark.parametrize("length", [63, 64, 179, 180])
def test_an_identifier_that_a_file_system_takes_is_not_cut(length: int) -> None:
    assert encode_parts(["s", "t" * (length - 2)]) == "s+" + "t" * (length - 2)


@pytest.mark.parametrize("parts", [["s" * 63, "t" * 117], ["ä" * 63], ["s", "\u8868" * 63]])
def test_a_longer_identifier_is_cut_and_ends_in_its_digest(parts: list[str]) -> None:
    whole = "+".join(encode_part(part) for part in parts)
    assert encode_parts(parts) == f"{whole[:147]}~{hashlib.sha256(whole.encode()).hexdigest()[:32]}"
    assert encode_parts([*parts[:-1], parts[-1] + "x"]) != encode_parts(parts)


def test_every_name_of_a_file_fits_a_file_system() -> None:
    table, layout = encode_parts(["\u8868" * 63, "\u8868" * 63]), BackupLayout("20240131T120000Z-abcdef")
    names = [layout.plan(10**9), layout.shard(table, 10**9, "0" * 16), layout.index(10**9, 10**9, bytes(32))]
    assert max(len(part) for name in names for part in name.split("/")) <= 255


def test_every_object_has_its_name() -> None:
    layout = BackupLayout("20240131T120000Z-abcdef")
    names = [
        layout.intent,
        layout.manifest,
        layout.tombstone,
        layout.notes,
        layout.plan(3),
        layout.shard("t", 7, "00ff"),
        layout.receipt(3, 7, "00ff"),
        layout.attachment("database.json", bytes(range(32))),
        layout.index(3, 1234567, bytes(range(32))),
    ]
    assert [name.removeprefix("20240131T120000Z-abcdef/") for name in names] == [
        "INTENT.json",
        "MANIFEST.json",
        "TOMBSTONE.json",
        "notes/",
        "plan/000003.avro",
        "data/t/000007-00ff.avro",
        "receipts/000003-000007-00ff.avro",
        "attachments/000102030405060708090a0b0c0d0e0f-database.json",
        "index/000003-1234567-000102030405060708090a0b0c0d0e0f.avro",
    ]


BACKUP, OTHER = "20260102T030405Z-00ff00", "20250102T030405Z-00ff00"


@given(PARTS, st.integers(0, 10**9), st.text("0123456789abcdef", min_size=16, max_size=16), st.binary(min_size=32))
def test_every_name_that_is_made_is_of_its_form_and_of_no_other(
    parts: list[str], number: int, unique: str, digest: bytes
) -> None:
    table, layout = encode_parts(parts), BackupLayout(BACKUP)
    names = {
        "intent": layout.intent,
        "plan": layout.plan(number),
        "shard": layout.shard(table, number, unique),
        "receipt": layout.receipt(number, number, unique),
        "index file": layout.index(number, 1, digest[:32]),
        "attachment": layout.attachment("database.json", digest[:32]),
    }
    assert names.keys() == FORMS.keys()
    for kind, name in names.items():
        assert check_name(kind, name) == check_name(kind, name, BACKUP) == name
        for other in (other for other in FORMS if other != kind):
            with pytest.raises(ValueError, match="is no name of an object of the kind"):
                check_name(other, name)
        with pytest.raises(ValueError, match=f"of {OTHER}"):
            check_name(kind, name, OTHER)
    assert is_source(table)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        (BACKUP, True),
        ("20260230T030405Z-00ff00", False),
        ("20260102T240405Z-00ff00", False),
        (f"{BACKUP}\n", False),
        (f"{BACKUP}0", False),
        (BACKUP.upper(), False),
        ("..", False),
        ("", False),
    ],
)
def test_an_id_of_a_backup_is_a_time_and_six_digits(name: str, is_one: bool) -> None:
    assert is_backup(name) == is_one
