import io
from pathlib import Path

import fastavro
from hypothesis import given
from hypothesis import strategies as st

from transforms.key_range import KeyRange
from transforms.vault.format.plan import decode_plan, encode_plan, settle_plan
from transforms.vault.format.portion import PlannedRange, Portion, portions_of
from transforms.vault.store.local import LocalStore

RANGES = st.builds(KeyRange, st.sampled_from(["", "nulls"]), st.binary(max_size=9), st.binary(max_size=9))
PLANNED = st.tuples(st.builds(PlannedRange, st.integers(0, 3), st.integers(0, 9), RANGES), st.integers(0, 20 << 20))
FIRST = [Portion(2, 0, 0, (PlannedRange(7, 0, KeyRange("", b"", b"m")), PlannedRange(7, 1, KeyRange("", b"m", b""))))]
OTHER = [Portion(2, 0, 0, (PlannedRange(7, 0, KeyRange()),))]


@given(st.lists(PLANNED, max_size=200))
def test_a_plan_comes_back(ranges: list[tuple[PlannedRange, int]]) -> None:
    portions = portions_of(5, ranges)
    assert decode_plan(encode_plan(portions), 5, "plan") == portions


def test_any_avro_reader_reads_it() -> None:
    nulls = Portion(2, 1, 0, (PlannedRange(8, 0, KeyRange("nulls")),))
    records = list(fastavro.reader(io.BytesIO(encode_plan([*FIRST, nulls]))))
    assert records == [
        {"table": 7, "number": 0, "portion": 0, "file": 0, "space": "", "start": b"", "end": b"m"},
        {"table": 7, "number": 1, "portion": 0, "file": 0, "space": "", "start": b"m", "end": b""},
        {"table": 8, "number": 0, "portion": 1, "file": 0, "space": "nulls", "start": b"", "end": b""},
    ]


def test_a_plan_that_exists_is_taken(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    assert settle_plan(store, "plan", 2, FIRST) == FIRST
    data = store.read("plan")
    assert settle_plan(store, "plan", 2, OTHER) == FIRST
    assert settle_plan(store, "plan", 2, FIRST) == FIRST
    assert store.read("plan") == data
