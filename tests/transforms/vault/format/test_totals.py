import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.json_fields import Fields
from transforms.vault.format.totals import HASH, Totals, sum_of

COUNTS = st.integers(0, 1 << 50)
TOTALS = st.builds(Totals, COUNTS, COUNTS, COUNTS, COUNTS, st.integers(0, (1 << 128) - 1))


@given(st.lists(TOTALS, max_size=5))
def test_sums_do_not_depend_on_order_and_nothing_sums_to_nothing(parts: list[Totals]) -> None:
    whole = sum_of(parts)
    assert whole == sum_of(reversed(parts))
    assert whole.rows == sum(part.rows for part in parts)
    assert whole.hash_sum == sum(part.hash_sum for part in parts) % (1 << 128)
    assert sum_of([]) == Totals()


@given(TOTALS)
def test_totals_come_back_from_json(totals: Totals) -> None:
    assert Totals.from_json(Fields(json.loads(json.dumps(totals.to_json())))) == totals


@pytest.mark.parametrize("digest", ["sha256:" + "0" * 32, HASH, f"{HASH}:", f"{HASH}:{'0' * 31}", f"{HASH}:{'A' * 32}"])
def test_another_hash_or_form_of_a_digest_is_refused(digest: str) -> None:
    with pytest.raises(ValueError, match="digest"):
        Totals.from_json(Fields({**Totals().to_json(), "digest": digest}))
