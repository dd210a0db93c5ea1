"""Receipts: what a worker leaves beside a shard that it has finished."""

import os
from collections.abc import Collection
from dataclasses import dataclass

from transforms.errors import IntegrityError
from transforms.key_range import KeyRange
from transforms.vault.inventory import check_object
from transforms.vault.object_ref import ObjectRef, refer
from transforms.vault.plan import PlannedRange
from transforms.vault.records import decode_records, encode_records
from transforms.vault.shard import SHARD_SCHEMA, Shard
from transforms.vault.store import Store, put_once

_RECEIPT, _SHARD = ".receipt", ".avro"


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


def stem_of(name: str) -> str:
    """What the names of all tries at one planned range have in common: the name without its random part (V5)."""
    return name.rpartition("-")[0]


def find_receipts(store: Store, stems: Collection[str]) -> dict[str, str]:
    """The receipts that are there, by stem; of several for one range the one with the smallest name, which counts (V7).

    The store is asked once, for the names that begin as all stems do: where nothing is there, that is one request.
    """
    found: dict[str, str] = {}
    beginning = os.path.commonprefix(list(stems))  # noqa: RUF071 - of names, not of paths
    for name in store.list(beginning):  # sorted
        if name.endswith(_RECEIPT) and stem_of(name) in stems:
            found.setdefault(stem_of(name), name)
    return found


def take_receipt(store: Store, name: str, planned: PlannedRange) -> ReceiptSummary:
    """The summary of the receipt that an earlier try at a planned range has left.

    Raises:
        IntegrityError: if it is no receipt of this range, or if its shard is not there, whole, as V3 promises.
    """
    data = store.read(name)
    shard = _decoded(name, data)
    if (shard.object.name, shard.range) != (name.removesuffix(_RECEIPT) + _SHARD, planned.range):
        raise IntegrityError(
            f"{name} is of {shard.object.name} and {shard.range}, planned is {planned.range}. Take a new backup."
        )
    if problem := check_object(store, shard.object):
        raise IntegrityError(f"{name} is the receipt of a shard that is not whole: {problem} Take a new backup.")
    return ReceiptSummary(planned.table, planned.number, name, planned.range, refer(name, data))


def _decoded(name: str, data: bytes) -> Shard:
    try:
        return Shard.from_record(decode_records(data)[0])
    except Exception as error:  # whatever an Avro reader makes of other bytes
        raise IntegrityError(f"{name} is no receipt: {error!r}. Take a new backup.") from error
