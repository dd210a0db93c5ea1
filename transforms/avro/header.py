"""The header of an Avro container file (Avro 1.12, "Object container files")."""

from dataclasses import dataclass

from transforms.avro.block import CODEC, SYNC_SIZE
from transforms.avro.varint import decode_bytes, decode_long, encode_bytes, encode_long

MAGIC = b"Obj\x01"


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself: the schema as JSON text, the codec's name and the sync marker."""

    schema: str
    sync: bytes
    codec: str = CODEC

    def encode(self) -> bytes:
        """The bytes that a file with this header begins with."""
        entries = {"avro.codec": self.codec.encode(), "avro.schema": self.schema.encode()}
        pairs = b"".join(encode_bytes(key.encode()) + encode_bytes(value) for key, value in entries.items())
        return MAGIC + encode_long(len(entries)) + pairs + encode_long(0) + self.sync


def decode_header(data: bytes) -> tuple[Header, int]:
    """The header that `data` begins with, and its size in bytes.

    Raises:
        ValueError: if `data` does not begin with a whole header.
    """
    if data[: len(MAGIC)] != MAGIC:
        raise ValueError("no Avro container file: it does not begin with 'Obj' and 1")
    entries, offset = _decode_map(data, len(MAGIC))
    sync = data[offset : offset + SYNC_SIZE]
    if len(sync) < SYNC_SIZE or "avro.schema" not in entries:
        raise ValueError("the header of the Avro container file is not whole")
    codec = entries.get("avro.codec", b"null").decode()
    return Header(entries["avro.schema"].decode(), sync, codec), offset + SYNC_SIZE


def _decode_map(data: bytes, offset: int) -> tuple[dict[str, bytes], int]:
    entries: dict[str, bytes] = {}
    count, offset = decode_long(data, offset)
    while count:
        if count < 0:  # a negative count is followed by the block's size in bytes
            count, (_, offset) = -count, decode_long(data, offset)
        for _ in range(count):
            key, offset = decode_bytes(data, offset)
            entries[key.decode()], offset = decode_bytes(data, offset)
        count, offset = decode_long(data, offset)
    return entries, offset
