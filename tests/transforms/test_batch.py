from array import array
from itertools import accumulate

import mmh3
from hypothesis import given
from hypothesis import strategies as st

from transforms.batch import Batch


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1))
def test_the_hash_sum_is_that_of_the_records_whatever_their_order(records: list[bytes]) -> None:
    expected = sum(mmh3.hash128(record, 0, True) for record in records) % (1 << 128)
    for each in (records, records[::-1]):
        ends = array("Q", accumulate(map(len, each)))
        assert Batch(len(each), b"a", b"z", b"".join(each), ends).hash_sum() == expected
