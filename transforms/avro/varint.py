"""Avro's `long`: zig-zag, base-128, little end first (Avro 1.12, "Binary encoding: primitive types")."""

LONGEST = 10
"""Bytes of the longest `long`."""


def encode_long(value: int) -> bytes:
    """The binary form of a signed 64-bit integer."""
    rest = (value << 1) ^ (value >> 63)
    encoded = bytearray()
    while rest > 0x7F:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


def decode_long(data: bytes, offset: int) -> tuple[int, int]:
    """The integer at `offset` of `data` and the offset behind it.

    Raises:
        ValueError: if the bytes end early or the number has more than 64 bits.
    """
    rest = 0
    for position, byte in enumerate(data[offset : offset + LONGEST]):
        rest |= (byte & 0x7F) << 7 * position
        if byte < 0x80:
            if rest >> 64:
                break
            return (rest >> 1) ^ -(rest & 1), offset + position + 1
    raise ValueError(f"no Avro long at offset {offset}")


def encode_bytes(data: bytes) -> bytes:
    """Avro's `bytes` or `string`: length, then the bytes."""
    return encode_long(len(data)) + data


def decode_bytes(data: bytes, offset: int) -> tuple[bytes, int]:
    """The bytes whose length stands at `offset` and the offset behind them.

    Raises:
        ValueError: if the length is negative or passes the end of `data`.
    """
    length, start = decode_long(data, offset)
    if length < 0 or start + length > len(data):
        raise ValueError(f"Avro bytes at offset {offset} pass the end")
    return data[start : start + length], start + length
