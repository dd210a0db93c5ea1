from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from transforms.key_range import KeyRange
from transforms.splits import splits
from transforms.vault.format.shard import Chunk


def chunks_of(sizes: list[int]) -> list[Chunk]:
    """Neighbouring chunks; the first one begins at the open end."""
    keys = [b"", *(b"%06d" % place for place in range(1, len(sizes))), b""]
    return [
        Chunk(KeyRange("", keys[place], keys[place + 1]), 1, 1, size, 0, 1, bytes(32), 0)
        for place, size in enumerate(sizes)
    ]


@given(st.lists(st.integers(1, 50), max_size=40), st.integers(1, 100))
def test_all_parts_but_the_last_have_the_wanted_size(sizes: list[int], size: int) -> None:
    keys = list(splits(chunks_of(sizes), size))
    places = [0, *(int(key) for key in keys), len(sizes)]
    parts = [sum(sizes[start:end]) for start, end in pairwise(places)]
    assert all(size <= part < size + 50 for part in parts[:-1])
    assert keys == sorted(keys)


def test_a_table_of_one_chunk_is_not_split() -> None:
    assert list(splits(chunks_of([1000]), 1)) == []
