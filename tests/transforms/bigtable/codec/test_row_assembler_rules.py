from typing import Any

import pytest
from google.cloud.bigtable.data.exceptions import InvalidChunk
from google.protobuf.message import DecodeError

from tests.transforms.bigtable.read_rows_stream import cell_chunk, chunk, merge, message
from transforms.bigtable.codec.row_assembler import RowAssembler
from transforms.errors import IntegrityError

END: dict[str, Any] = {"value": b"vv", "commit_row": True}
FIRST = chunk(b"k", "cf", b"q", timestamp_micros=5, value=b"v")
SPLIT = chunk(b"k", "cf", b"q", timestamp_micros=5, value=b"v", value_size=3)

# name: (the rule in our message, whether the client library has the rule, the messages)
BROKEN = {
    "no key": ("has no row key", True, [message(cell_chunk(b""))]),
    "key missing after a reset": ("no row key", True, [message(FIRST, chunk(reset_row=True), cell_chunk(b""))]),
    "key repeated": ("increase strictly", True, [message(cell_chunk(b"k"), cell_chunk(b"k"))]),
    "key repeated in the next message": ("increase", True, [message(cell_chunk(b"k"))] * 2),
    "key below": ("increase strictly", True, [message(cell_chunk(b"k"), cell_chunk(b"jjj"))]),
    "key at the scanned key": ("increase", True, [message(last_scanned=b"k"), message(cell_chunk(b"k"))]),
    "key at its message's scanned key": ("increase", True, [message(cell_chunk(b"k"), last_scanned=b"k")]),
    "key changed": ("row key changed", True, [message(FIRST, cell_chunk(b"l"))]),
    "key changed in a value": ("row key changed", True, [message(SPLIT, chunk(b"l", **END))]),
    "no family": ("no family", True, [message(chunk(b"k", None, b"q", commit_row=True))]),
    "no column": ("no family", True, [message(chunk(b"k", value=b"v", commit_row=True))]),
    "family alone": ("no qualifier", True, [message(chunk(b"k", "cf", commit_row=True))]),
    "new family alone": ("no qualifier", True, [message(FIRST, chunk(family="x", commit_row=True))]),
    "negative timestamp": ("negative timestamp", False, [message(cell_chunk(b"k", timestamp_micros=-1))]),
    "labels": ("labels", False, [message(cell_chunk(b"k", labels=["x"]))]),
    "labels in a value": ("labels", True, [message(SPLIT, chunk(value=b"vv", labels=["x"], commit_row=True))]),
    "negative size": ("negative value_size", False, [message(cell_chunk(b"k", value_size=-1))]),
    "value too long": ("add up", False, [message(SPLIT, chunk(value=b"vvv", commit_row=True))]),
    "value too short": ("add up", False, [message(SPLIT, chunk(value=b"v", commit_row=True))]),
    "first piece too long": (
        "add up",
        False,
        [message(chunk(b"k", "f", b"", value=b"vv", value_size=1), chunk(**END))],
    ),
    "size changed": ("add up", False, [message(SPLIT, chunk(value_size=4), chunk(**END))]),
    "commit in a value": ("middle of a value", True, [message(cell_chunk(b"k", value_size=9))]),
    "commit in a piece": ("middle of a value", True, [message(SPLIT, chunk(value_size=3, commit_row=True))]),
    "family changed in a value": ("changed in", True, [message(SPLIT, chunk(family="x", **END))]),
    "qualifier changed in a value": ("changed in", True, [message(SPLIT, chunk(qualifier=b"", **END))]),
    "timestamp changed in a value": ("changed in", True, [message(SPLIT, chunk(timestamp_micros=6, **END))]),
    "reset outside a row": ("outside a row", True, [message(chunk(reset_row=True))]),
    "reset with a key": ("holds data", True, [message(FIRST, chunk(b"k", reset_row=True))]),
    "reset with a family": ("holds data", True, [message(FIRST, chunk(family="cf", reset_row=True))]),
    "reset with a qualifier": ("holds data", True, [message(FIRST, chunk(qualifier=b"", reset_row=True))]),
    "reset with a timestamp": ("holds data", True, [message(FIRST, chunk(timestamp_micros=1, reset_row=True))]),
    "reset with a label": ("holds data", True, [message(FIRST, chunk(labels=["x"], reset_row=True))]),
    "reset with a value": ("holds data", True, [message(FIRST, chunk(value=b"v", reset_row=True))]),
    "reset with a size": ("holds data", False, [message(FIRST, chunk(value_size=1, reset_row=True), cell_chunk(b"k"))]),
    "scanned inside a row": ("inside a row", False, [message(FIRST), message(cell_chunk(b"k"), last_scanned=b"j")]),
    "scanned twice": ("above every earlier", True, [message(last_scanned=b"k")] * 2),
    "scanned below a row": ("above every earlier", True, [message(cell_chunk(b"k")), message(last_scanned=b"j")]),
    "family not UTF-8": ("not UTF-8", True, [message(cell_chunk(b"k")).replace(b"cf", b"\xc0\x80")]),
    "not protobuf": ("well-formed", True, [b"\x0a"]),
    "cut off": ("well-formed", True, [message(cell_chunk(b"k"))[:-1]]),
    "no end": ("inside a row", True, [message(FIRST)]),
    "no end of a value": ("inside a row", True, [message(SPLIT)]),
}


def feed_all(assembler: RowAssembler, messages: list[bytes]) -> None:
    for each in messages:
        assembler.feed(each)
    assembler.finish()


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_rule_is_an_integrity_error(name: str) -> None:
    rule, library_has_it, messages = BROKEN[name]
    assembler = RowAssembler(1)
    with pytest.raises(IntegrityError, match=rule):
        feed_all(assembler, messages)
    if library_has_it:
        with pytest.raises((InvalidChunk, DecodeError)):
            merge(*messages)
    else:
        merge(*messages)


def test_the_error_names_the_row_and_comes_again() -> None:
    assembler = RowAssembler(1)
    assembler.feed(message(cell_chunk(b"k\xff")))
    for attempt in (
        lambda: assembler.feed(message(cell_chunk(b"j\x00"))),
        lambda: assembler.feed(b""),
        assembler.finish,
    ):
        with pytest.raises(IntegrityError, match=r"row j\\x00: row keys must increase strictly"):
            attempt()


def test_an_error_between_rows_names_the_row_before() -> None:
    assembler = RowAssembler(1)
    with pytest.raises(IntegrityError, match="before its first row"):
        assembler.feed(b"\xff")
    assembler = RowAssembler(1)
    assembler.feed(message(cell_chunk(b"k")))
    with pytest.raises(IntegrityError, match="after row k"):
        assembler.feed(b"\xff")
