import pytest

from transforms.vault.format.decoded import Decoded


def undecodable() -> str:
    raise ValueError("decoded again")


def test_a_document_is_decoded_once() -> None:
    decoded = Decoded[str](most=2)
    assert decoded.value(b"one", lambda: "1") == "1"
    assert decoded.value(bytes(bytearray(b"one")), undecodable) == "1"


def test_what_was_encoded_need_not_be_decoded() -> None:
    decoded = Decoded[str](most=2)
    assert decoded.know(b"one", "1") == "1"
    assert decoded.value(b"one", undecodable) == "1"


def test_other_bytes_have_another_value() -> None:
    decoded = Decoded[str](most=2)
    decoded.know(b"one", "1")
    assert decoded.value(b"one ", lambda: "2") == "2"
    with pytest.raises(ValueError, match="decoded again"):
        decoded.value(b"two", undecodable)


def test_the_oldest_is_forgotten() -> None:
    decoded = Decoded[str](most=2)
    for number in range(3):
        decoded.know(b"%d" % number, str(number))
    assert decoded.value(b"0", lambda: "anew") == "anew"
    assert decoded.value(b"2", undecodable) == "2"
