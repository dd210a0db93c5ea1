import io
from pathlib import Path

import fastavro
from hypothesis import given
from hypothesis import strategies as st

from transforms.key_range import KeyRange
from transforms.vault.local_store import LocalStore
from transforms.vault.plan import decode_plan, encode_plan, settle_plan

RANGES = st.lists(st.builds(KeyRange, st.sampled_from(["", "nulls"]), st.binary(max_size=9), st.binary(max_size=9)))
FIRST = [KeyRange("", b"", b"m"), KeyRange("", b"m", b"")]


@given(RANGES)
def test_a_plan_comes_back(ranges: list[KeyRange]) -> None:
    assert decode_plan(encode_plan(ranges)) == ranges


def test_any_avro_reader_reads_it() -> None:
    records = list(fastavro.reader(io.BytesIO(encode_plan([*FIRST, KeyRange("nulls")]))))
    assert records == [
        {"number": 0, "space": "", "start": b"", "end": b"m"},
        {"number": 1, "space": "", "start": b"m", "end": b""},
        {"number": 2, "space": "nulls", "start": b"", "end": b""},
    ]


def test_a_plan_that_exists_is_taken(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    assert settle_plan(store, "plan", FIRST) == FIRST
    data = store.read("plan")
    assert settle_plan(store, "plan", [KeyRange()]) == FIRST
    assert settle_plan(store, "plan", FIRST) == FIRST
    assert store.read("plan") == data
