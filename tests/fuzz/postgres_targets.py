"""The compiled decoders of PostgreSQL's formats."""

import struct
from collections.abc import Sequence

from tests.fuzz.mutation import Input
from tests.fuzz.target import Target, drawn, exact, made
from tests.transforms.postgres.canonical_rows import EVERY, NATIVE, records, rows
from tests.transforms.postgres.codec.test_copy_transcoder_rules import COLUMNS, VALID, numeric
from tests.transforms.postgres.copy_stream import HEADER, TRAILER, row
from transforms.postgres.codec.column import DUAL, UNCHECKED, Column, Form, program
from transforms.postgres.codec.copy_encoder import encode_binary, encode_text
from transforms.postgres.codec.copy_transcoder import CopyTranscoder
from transforms.postgres.codec.field_text import text_of
from transforms.postgres.codec.record_inspector import inspect

CODEC = "transforms.postgres.codec"
# A text of 147 kB from 26 bytes.
HUGE = numeric([1] * 9, weight=0x7FFF, scale=0x3FFF)


def transcoded(code: bytes, stream: Sequence[bytes], keys: Sequence[int] = (), ctid: bool = False) -> bytes:
    """The records of a stream; they must be canonical, and end where it is said."""
    transcoder = CopyTranscoder(code, keys, ctid)
    for message in stream:
        transcoder.feed(message)
    count, data, ends, _, _ = transcoder.take()
    assert (count, made(inspect, code, exact(data))) == (len(ends), ends)
    return data


def transcode(parts: Input) -> None:
    """Read a program, then a COPY stream; the key is the first two columns."""
    columns = sum(form % UNCHECKED > 0 for form in parts[0][::3])
    transcoded(parts[0], parts[1:], keys=(1, 0) if columns > 1 else ())


def transcode_with_ctid(parts: Input) -> None:
    """The same, each row after its ctid."""
    transcoded(parts[0], parts[1:], ctid=True)


def inspect_records(parts: Input) -> None:
    """Read a program and records; those that pass must come back from COPY's binary format as they were."""
    code, data = parts[0], parts[-1]
    inspect(exact(code), exact(data))
    if Form.OUTPUT not in {form & ~UNCHECKED for form in code[::3]}:
        stream = made(encode_binary, exact(code), exact(data))
        assert made(transcoded, code, [stream]) == data


def encode_to_binary(parts: Input) -> None:
    """Read a program and records, and write them in COPY's binary format."""
    assert encode_binary(exact(parts[0]), exact(parts[-1])).startswith(HEADER)


def encode_to_text(parts: Input) -> None:
    """Read a program and records, and write them in COPY's text format."""
    lines = encode_text(exact(parts[0]), exact(parts[-1]))
    assert lines.count(b"\n") == len(made(inspect, parts[0], parts[-1]))


def field_text(parts: Input) -> None:
    """Read a value of a date, a time or a numeric."""
    assert text_of(parts[0][0] if parts[0] else 0, parts[-1]).isascii()


def fields_of(message: bytes) -> list[bytes]:
    """The fields of a row without NULL."""
    found, place = [], 2
    while place < len(message):
        size = struct.unpack_from(">i", message, place)[0]
        found.append(message[place + 4 : place + 4 + size])
        place += 4 + size
    return found


def tables(columns: Sequence[Column], count: int) -> list[Input]:
    """Programs and records of tables with these columns."""
    return [(program(columns), records(columns, table)) for table in drawn(rows(columns), count) if table]


def with_ctid(place: int, message: bytes) -> bytes:
    """The row with one more field in front."""
    count = struct.unpack_from(">h", message)[0]
    return struct.pack(">hiIH", count + 1, 6, 0, place) + message[2:]


def targets() -> dict[str, Target]:
    """The decoders by their modules, and how they are used."""
    # With one column there is no other's room left to write into.
    native = [*tables(NATIVE, 20), *(table for each in NATIVE for table in tables([each], 5))]
    every = [*tables(EVERY, 20), *native]
    streams = [(code, encode_binary(code, data)) for code, data in native]
    messages = (HEADER, VALID, row(*[None] * 14, HUGE, None), VALID, TRAILER)
    by_hand = [(program(COLUMNS, is_ascii), *messages) for is_ascii in (False, True)]
    places = [(program(COLUMNS), HEADER, *(with_ctid(place, VALID) for place in range(3)), TRAILER)]
    fields = zip(Form, [b"", *fields_of(VALID)], strict=True)
    values = [(bytes([form]), field) for form, field in fields if form in DUAL]
    return {
        f"{CODEC}.copy_transcoder": Target(transcode, [*streams, *by_hand]),
        f"{CODEC}.copy_transcoder, with ctid": Target(transcode_with_ctid, places),
        f"{CODEC}.record_inspector": Target(inspect_records, every),
        f"{CODEC}.copy_encoder, binary": Target(encode_to_binary, native),
        f"{CODEC}.copy_encoder, text": Target(encode_to_text, every),
        f"{CODEC}.field_text": Target(field_text, [*values, (bytes([Form.NUMERIC]), HUGE)]),
    }
