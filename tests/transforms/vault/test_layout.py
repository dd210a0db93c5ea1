import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.vault.layout import BackupLayout, encode_part, encode_parts

PARTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=3)


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
    ],
)
def test_a_part_is_percent_encoded(part: str, encoded: str) -> None:
    assert encode_part(part) == encoded


@given(PARTS)
def test_an_identifier_can_be_taken_apart_again(parts: list[str]) -> None:
    assert [unquote(part) for part in encode_parts(parts).split("+")] == parts


@given(PARTS)
def test_an_encoded_identifier_is_one_visible_part_of_a_path(parts: list[str]) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_%+-][A-Za-z0-9_.%+-]*", encode_parts(parts))


def test_every_object_has_its_name() -> None:
    layout = BackupLayout("20240131T120000Z-abcdef")
    names = [
        layout.intent,
        layout.manifest,
        layout.tombstone,
        layout.notes,
        layout.plan("a+b"),
        layout.shard("t", 7, "00ff"),
        layout.receipt("t", 7, "00ff"),
        layout.attachment("database.json", bytes(range(32))),
        layout.index("t", 1234567, bytes(range(32))),
    ]
    assert [name.removeprefix("20240131T120000Z-abcdef/") for name in names] == [
        "INTENT.json",
        "MANIFEST.json",
        "TOMBSTONE.json",
        "notes/",
        "plan/a+b.avro",
        "data/t/000007-00ff.avro",
        "data/t/000007-00ff.receipt",
        "attachments/000102030405060708090a0b0c0d0e0f-database.json",
        "index/t-1234567-000102030405060708090a0b0c0d0e0f.avro",
    ]
