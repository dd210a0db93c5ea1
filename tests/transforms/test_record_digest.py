from array import array
from itertools import accumulate

import mmh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.errors import IntegrityError
from transforms.record_digest import sum_of_hashes

RECORDS = st.lists(st.binary(min_size=1, max_size=70), max_size=20)


def digest(records: list[bytes]) -> int:
    return sum_of_hashes(b"".join(records), array("Q", accumulate(map(len, records))))


def hash_of(record: bytes) -> int:
    return mmh3.hash128(record, seed=0, x64arch=True, signed=False)


@given(RECORDS)
def test_it_is_the_sum_of_murmur3_hashes_modulo_two_to_the_128(records: list[bytes]) -> None:
    assert digest(records) == sum(map(hash_of, records)) % 2**128


def test_every_length_of_the_last_block_hashes_as_mmh3_does() -> None:
    for size in range(1, 100):
        record = bytes(range(200, 200 - size, -1))
        assert digest([record]) == hash_of(record)
        assert digest([record]) == int.from_bytes(mmh3.mmh3_x64_128_digest(record, 0), "little")


def test_the_sum_wraps_around() -> None:
    records = [b"%d" % i for i in range(1000)]
    assert sum(map(hash_of, records)) > 2**128
    assert digest(records) == sum(map(hash_of, records)) % 2**128


@given(RECORDS.flatmap(lambda records: st.tuples(st.just(records), st.permutations(records))))
def test_the_order_of_the_records_does_not_matter(both: tuple[list[bytes], list[bytes]]) -> None:
    assert digest(both[0]) == digest(both[1])


def test_it_takes_any_bytes_like_object() -> None:
    ends = array("Q", [2, 5])
    assert (
        sum_of_hashes(bytearray(b"abcde"), ends) == sum_of_hashes(memoryview(b"abcde"), ends) == digest([b"ab", b"cde"])
    )


def test_no_records_sum_to_zero() -> None:
    assert sum_of_hashes(b"", array("Q")) == 0


@pytest.mark.parametrize(
    ("size", "ends"),
    [(5, []), (0, [1]), (5, [4]), (5, [6]), (5, [3, 2, 5]), (5, [3, 3, 5]), (5, [0, 5]), (5, [5, 5]), (5, [2**64 - 1])],
)
def test_ends_that_do_not_fit_the_records_are_refused(size: int, ends: list[int]) -> None:
    with pytest.raises(IntegrityError, match=rf"{len(ends)} record ends do not fit {size} bytes"):
        sum_of_hashes(bytes(size), array("Q", ends))
