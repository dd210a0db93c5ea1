"""The compiled decoders of Bigtable's formats."""

from random import Random

from hypothesis import strategies as st

from tests.fuzz.mutation import Input
from tests.fuzz.target import Target, drawn, exact, made
from tests.transforms.bigtable.codec.test_gc_count import NOW, RULES
from tests.transforms.bigtable.codec.test_mutate_response import ANSWERS, message
from tests.transforms.bigtable.codec.test_mutation_encoder import ROWS as ENTRIES
from tests.transforms.bigtable.codec.test_mutation_encoder import TABLE
from tests.transforms.bigtable.codec.test_mutation_encoder import records as records_of_entries
from tests.transforms.bigtable.read_rows_stream import ROWS, chunks_of, cut, record
from transforms.bigtable.catalog.gc_rule import program
from transforms.bigtable.codec.gc_count import count_collectable
from transforms.bigtable.codec.mutate_response import failed_entries
from transforms.bigtable.codec.mutation_encoder import encode
from transforms.bigtable.codec.record_inspector import inspect
from transforms.bigtable.codec.row_assembler import RowAssembler

ENTRIES_OF_REQUEST = 41
FAMILIES = ("f", "g", "ff")
CODEC = "transforms.bigtable.codec"


def assemble(parts: Input) -> None:
    """Read a stream of ReadRowsResponses; what it makes must be canonical records."""
    assembler = RowAssembler(100)
    batches = [batch for part in parts for batch in assembler.feed(part)]
    last = assembler.finish()
    for batch in [*batches, *([last] if last else [])]:
        assert made(inspect, batch.records) == batch


def inspect_records(parts: Input) -> None:
    """Read records; they must end where it is said."""
    batch = inspect(parts[0])
    assert (batch.records, batch.record_ends[-1]) == (parts[0], len(parts[0]))
    assert 1 <= batch.rows <= len(batch.record_ends)


def encode_records(parts: Input) -> None:
    """Read records in any legal blocks, under tight limits and loose ones."""
    for mutations, size in ((2, 100), (100_000, 4 << 20)):
        requests = encode(exact(parts[0]), TABLE, "profile", mutations, size)
        assert all(request.mutations <= mutations for request in requests)


def count_cells(parts: Input) -> None:
    """Read records and a rule's program."""
    assert count_collectable(exact(parts[0]), dict.fromkeys(FAMILIES, parts[-1]), NOW) >= 0


def read_response(parts: Input) -> None:
    """Read a stream of MutateRowsResponses."""
    answered = bytearray(ENTRIES_OF_REQUEST)
    failed = [entry for part in parts for entry in failed_entries(part, answered)]
    assert all(answered[index] for index, _, _ in failed)


def targets() -> dict[str, Target]:
    """The decoders by their modules."""
    tables = [rows for rows in drawn(ROWS) if rows]
    streams = [tuple(cut(chunks_of(rows, Random(place)), Random(place))) for place, rows in enumerate(tables)]
    records = [(b"".join(map(record, rows)),) for rows in tables]
    entries = [(records_of_entries(*rows),) for rows in drawn(st.lists(ENTRIES, min_size=1, max_size=5))]
    programs = [program(rule) for rule in drawn(RULES)]
    answers = [tuple(message((index, *status)) for index, status in each.items()) for each in drawn(ANSWERS) if each]
    counted = [(each, programs[place % len(programs)]) for place, (each,) in enumerate(entries)]
    return {
        f"{CODEC}.row_assembler": Target(assemble, streams),
        f"{CODEC}.record_inspector": Target(inspect_records, records),
        f"{CODEC}.mutation_encoder": Target(encode_records, entries),
        f"{CODEC}.gc_count": Target(count_cells, counted),
        f"{CODEC}.mutate_response": Target(read_response, answers),
    }
