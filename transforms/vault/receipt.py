"""Receipts: what a worker leaves beside a shard that it has finished."""

from dataclasses import dataclass

from transforms.errors import IntegrityError
from transforms.key_range import KeyRange
from transforms.vault.object_ref import ObjectRef, refer
from transforms.vault.records import decode_records, encode_records
from transforms.vault.shard import SHARD_SCHEMA, Shard
from transforms.vault.store import Store, put_once


@dataclass(frozen=True, slots=True, order=True)
class ReceiptSummary:
    """What travels through the pipeline of a receipt: of constant size.

    Attributes:
        table: The table's place in the intent.
        number: Number of the planned range that the shard is of.
        name: The receipt's name.
        range: The shard's range.
        receipt: The receipt's object.
    """

    table: int
    number: int
    name: str
    range: KeyRange
    receipt: ObjectRef


def encode_receipt(shard: Shard) -> bytes:
    """The receipt of a shard: an Avro file with one record."""
    return encode_records(SHARD_SCHEMA, [shard.to_record()])


def write_receipt(store: Store, name: str, shard: Shard) -> ObjectRef:
    """Leave the receipt of a finished shard."""
    data = encode_receipt(shard)
    put_once(store, name, data)
    return refer(name, data)


def read_receipt(store: Store, ref: ObjectRef) -> Shard:
    """The shard that a receipt speaks of.

    Raises:
        IntegrityError: if the receipt is not what its writer wrote.
    """
    data = store.read(ref.name)
    if refer(ref.name, data) != ref:
        raise IntegrityError(f"{ref.name}: the receipt is not the one that was written. Take a new backup.")
    return Shard.from_record(decode_records(data)[0])
