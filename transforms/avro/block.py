"""Blocks of an Avro container file: count, length, compressed records, sync marker.

Avro 1.12, "Object container files". The codec is `deflate` (raw, RFC 1951), made by `isal` at
level 1, which is as fast as other codecs and readable by every Avro reader.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from isal import isal_zlib
from isal.igzip_lib import IsalError

from transforms.avro.varint import decode_long, encode_long

CODEC = "deflate"
SYNC_SIZE = 16
_RAW_DEFLATE = -15
_LEVEL = 1


@dataclass(frozen=True, slots=True)
class Block:
    """Records of a block, uncompressed and back to back, and how many they are."""

    count: int
    records: bytes


def encode_block(records: "bytes | memoryview", count: int, sync: bytes) -> bytes:
    """The block that holds `count` records, ready to be appended to a file with the marker `sync`."""
    # An object and not `isal_zlib.compress`, which holds the interpreter's lock.
    deflater = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _RAW_DEFLATE)
    stored = deflater.compress(records) + deflater.flush()
    return b"".join((encode_long(count), encode_long(len(stored)), stored, sync))


def decode_blocks(data: bytes, sync: bytes, most: int) -> Iterator[Block]:
    """The blocks that fill `data` from its first byte to its last.

    Nothing is inflated further than to `most` bytes of records in all blocks: a thousand times what is stored may lie
    in a deflate stream.

    Raises:
        ValueError: if the bytes are no blocks, are cut short, have another marker than `sync`, or hold more than that.
    """
    offset, rest = 0, most
    while offset < len(data):
        count, length_at = decode_long(data, offset)
        length, start = decode_long(data, length_at)
        end = start + length
        if count < 0 or length < 0 or data[end : end + SYNC_SIZE] != sync:
            raise ValueError(f"no Avro block at offset {offset}")
        records = _inflate(data[start:end], offset, rest)
        yield Block(count, records)
        offset, rest = end + SYNC_SIZE, rest - len(records)


def _inflate(stored: bytes, offset: int, most: int) -> bytes:
    inflater = isal_zlib.decompressobj(_RAW_DEFLATE)
    try:
        records: bytes = inflater.decompress(stored, most + 1)  # one more, to see that there is more
    except IsalError as error:  # type: ignore[misc]  # its stub calls the class an exception
        raise ValueError(f"the Avro block at offset {offset} cannot be inflated: {error}") from error
    if len(records) > most:
        raise ValueError(f"the Avro block at offset {offset} holds more bytes than it should")
    if not inflater.eof:  # bytes behind the stream are let pass: fastavro leaves three of a zlib trailer there
        raise ValueError(f"the Avro block at offset {offset} is not a whole deflate stream")
    return records
