import hashlib

import google_crc32c
from hypothesis import given
from hypothesis import strategies as st

from transforms.json_fields import Fields
from transforms.vault.format.object_ref import ObjectRef, Tally, refer


@given(st.lists(st.binary()))
def test_a_tally_proves_all_bytes_that_passed(pieces: list[bytes]) -> None:
    tally, data = Tally(), b"".join(pieces)
    for piece in pieces:
        tally.add(piece)
    assert tally.size == len(data)
    assert tally.ref("a") == ObjectRef("a", len(data), google_crc32c.value(data), hashlib.sha256(data).digest())
    assert refer("a", data) == tally.ref("a")


@given(st.binary())
def test_a_reference_comes_back_from_json(data: bytes) -> None:
    ref = refer("20260102T030405Z-00ff00/INTENT.json", data)
    assert ObjectRef.from_json(Fields(ref.to_json()), "intent") == ref


def test_its_json_has_digests_in_hexadecimal() -> None:
    # CRC-32C: RFC 3720, B.4. SHA-256: FIPS 180-4 of the same digits.
    assert refer("a", b"123456789").to_json() == {
        "name": "a",
        "size": 9,
        "crc32c": "e3069283",
        "sha256": "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
    }
