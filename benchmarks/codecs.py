"""The compiled codecs, each alone: user CPU for a number of records, beside those of another build if one is named."""

import argparse
import importlib
import random
import struct
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.replay_rows import FAMILIES, ReplayRows, varint
from transforms.bigtable.catalog.gc_rule import program as gc_program
from transforms.postgres.codec.column import Column, Form, program

Work = Callable[[], object]
ROOT = Path(__file__).parent.parent
TABLE = "projects/p/instances/i/tables/t"
MESSAGE_SIZE = 1 << 16
NOW = 1_800_000_000_000_000
DAY = 86_400_000_000


@dataclass(frozen=True)
class Codecs:
    """The compiled modules of one build, loaded from `folder`."""

    folder: Path

    def module(self, name: str) -> ModuleType:
        """The extension `name`, also if this process has loaded another build of it."""
        if self.folder == ROOT:
            return importlib.import_module(name)
        path = next(self.folder.glob(f"{name.replace('.', '/')}.*.so"))
        spec = spec_from_file_location(name, path, loader=ExtensionFileLoader(name, str(path)))
        if spec is None or spec.loader is None:
            raise FileNotFoundError(f"{path} cannot be loaded as {name}. Build the extensions in that folder.")
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


def bigtable_works(codecs: Codecs, rows: int) -> dict[str, Work]:
    """What a backup and a restore of Bigtable run: six cells of 20 bytes a row."""
    messages = list(ReplayRows(rows, MESSAGE_SIZE).messages(0, rows))
    assembler = codecs.module("transforms.bigtable.codec.row_assembler")
    encoder = codecs.module("transforms.bigtable.codec.mutation_encoder")
    records = assemble(assembler, messages)
    rules = {
        family: gc_program({"intersection": [{"max_num_versions": 3}, {"max_age_micros": DAY}]}) for family in FAMILIES
    }
    count = codecs.module("transforms.bigtable.codec.gc_count").count_collectable
    answer, entries = mutate_answer(rows), rows
    failed = codecs.module("transforms.bigtable.codec.mutate_response").failed_entries
    batch = codecs.module("transforms.bigtable.codec.record_inspector").inspect(records)
    digest = codecs.module("transforms.record_digest").sum_of_hashes
    return {
        "row_assembler": partial(assemble, assembler, messages),
        "record_inspector (bigtable)": partial(
            codecs.module("transforms.bigtable.codec.record_inspector").inspect,
            records,
            [name.encode() for name in FAMILIES],
        ),
        "mutation_encoder": partial(encoder.encode, records, TABLE, ""),
        "mutate_response": lambda: failed(answer, bytearray(entries)),
        "gc_count": partial(count, records, rules, NOW),
        "record_digest": partial(digest, batch.records, batch.record_ends),
    }


def assemble(module: ModuleType, messages: Sequence[bytes]) -> bytes:
    """The records of the rows in `messages`."""
    assembler = module.RowAssembler(1 << 22)
    batches = [batch for message in messages for batch in assembler.feed(message)]
    last = assembler.finish()
    return b"".join(batch.records for batch in [*batches, *([last] if last else [])])


def mutate_answer(entries: int) -> bytes:
    """A MutateRowsResponse in which all entries went well."""
    bodies = (b"\x08" + varint(entry) + b"\x12\x00" for entry in range(entries))
    return b"".join(b"\x0a" + varint(len(body)) + body for body in bodies)


def column(form: Form, precision: int = 0, scale: int = 0) -> Column:
    return Column("c", "c", form.name.lower(), "", form, precision, scale)


# What Avro's own types hold, and what stands in the second field: years before 1 and after 9999, other scales.
ORDINARY = [
    column(Form.INT8), column(Form.INT4), column(Form.INT2), column(Form.FLOAT8), column(Form.NUMERIC, 12, 2),
    column(Form.BOOL), column(Form.TIMESTAMPTZ), column(Form.DATE), column(Form.TEXT), column(Form.TEXT),
    column(Form.UUID),
]  # fmt: skip
TEXTS = [column(Form.DATE), column(Form.TIMESTAMP), column(Form.TIME), column(Form.NUMERIC, 38, 3)]


def ordinary_row(source: random.Random) -> Sequence[bytes | None]:
    return [
        struct.pack(">q", source.getrandbits(40)),
        struct.pack(">i", source.getrandbits(30) - (1 << 29)),
        None if source.random() < 0.1 else struct.pack(">h", source.getrandbits(10)),
        struct.pack(">d", source.random() * 1000),
        struct.pack(">HhHHHHH", 3, 1, 0x4000, 2, 1 + source.randrange(9999), source.randrange(9999), 4200),
        source.choice([b"\0", b"\1"]),
        struct.pack(">q", source.randrange(20 * 365 * DAY)),
        struct.pack(">i", source.randrange(9000)),
        source.randbytes(12).hex().encode(),
        None if source.random() < 0.2 else b"a text with words, \\ and \n" * source.randrange(1, 5),
        source.randbytes(16),
    ]


def text_row(source: random.Random) -> Sequence[bytes | None]:
    groups = [1 + source.randrange(9999) for _ in range(12)]
    return [
        struct.pack(">i", 3_000_000 + source.randrange(10**6)),
        struct.pack(">q", -730_200 * DAY - source.randrange(10**15)),
        struct.pack(">q", DAY),
        struct.pack(">HhHH12H", 12, 5, 0, 24, *groups),
    ]


def copy_messages(make: Callable[[random.Random], Sequence[bytes | None]], rows: int) -> list[bytes]:
    """A binary COPY of `rows` rows, of which at most 20,000 differ."""
    source = random.Random(1)
    head, trailer = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
    made = [copy_row(make(source)) for _ in range(min(rows, 20_000))]
    return [head, *(made[row % len(made)] for row in range(rows)), trailer]


def copy_row(fields: Sequence[bytes | None]) -> bytes:
    sized = (b"\xff" * 4 if field is None else struct.pack(">i", len(field)) + field for field in fields)
    return struct.pack(">h", len(fields)) + b"".join(sized)


def postgres_works(codecs: Codecs, rows: int) -> dict[str, Work]:
    """What a backup and a restore of PostgreSQL run, on both kinds of tables."""
    works: dict[str, Work] = {}
    for name, columns, make in (("ordinary", ORDINARY, ordinary_row), ("texts", TEXTS, text_row)):
        code, messages = program(columns), copy_messages(make, rows)
        records = transcode(codecs.module("transforms.postgres.codec.copy_transcoder"), code, messages)
        encoder = codecs.module("transforms.postgres.codec.copy_encoder")
        works |= {
            f"copy_transcoder, {name}": partial(
                transcode, codecs.module("transforms.postgres.codec.copy_transcoder"), code, messages
            ),
            f"record_inspector, {name}": partial(
                codecs.module("transforms.postgres.codec.record_inspector").inspect, code, records
            ),
            f"encode_binary, {name}": partial(encoder.encode_binary, code, records),
            f"encode_text, {name}": partial(encoder.encode_text, code, records),
        }
    return works


def transcode(module: ModuleType, code: bytes, messages: Sequence[bytes]) -> bytes:
    """The records of the rows in `messages`."""
    transcoder: Any = module.CopyTranscoder(code)
    for message in messages:
        transcoder.feed(message)
    records: bytes = transcoder.take()[1]
    return records


def works_of(codecs: Codecs, rows: int, only: str) -> dict[str, Work]:
    """The works whose names begin with `only`."""
    works = bigtable_works(codecs, rows) | postgres_works(codecs, rows)
    return {name: work for name, work in works.items() if name.startswith(only)}


def best(builds: Sequence[Work], runs: int) -> list[float]:
    """The least CPU seconds of each build; they take turns, so a slow moment hits all."""
    seconds = [[0.0] * runs for _ in builds]
    for run in range(runs):
        for place, work in enumerate(builds):
            start = time.thread_time()
            work()
            seconds[place][run] = time.thread_time() - start
    return [min(each) for each in seconds]


def line(name: str, rows: int, seconds: Sequence[float]) -> str:
    """A line of the table: nanoseconds a record, this build last, and its ratio to the other."""
    figures = "".join(f"{1e9 * each / rows:10.1f}" for each in seconds)
    return f"{name:30}{figures}" + (f"{seconds[-1] / seconds[0]:8.3f}" if len(seconds) > 1 else "")


def main(argv: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks codecs", allow_abbrev=False)
    parser.add_argument("--rows", type=int, default=200_000, help="records of each work")
    parser.add_argument("--runs", type=int, default=7, help="how often each work runs; the best counts")
    parser.add_argument("--only", default="", help="how the names of the works begin")
    parser.add_argument("--against", type=Path, help="folder of another build, with its extensions, to compare with")
    options = parser.parse_args(argv)
    folders = [*([options.against] if options.against else []), ROOT]
    builds: Sequence[Mapping[str, Work]] = [works_of(Codecs(folder), options.rows, options.only) for folder in folders]
    print(f"{'nanoseconds of CPU a record':30}" + ("    before     after   ratio" if len(builds) > 1 else ""))
    for name in builds[0]:
        print(line(name, options.rows, best([build[name] for build in builds], options.runs)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
