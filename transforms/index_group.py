"""Makes an index file from the receipts of neighbouring planned ranges."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from transforms.errors import IntegrityError
from transforms.key_range import KeyRange
from transforms.vault.format.index import IndexEntry, IndexFile, encode_index, summarise
from transforms.vault.format.layout import BackupLayout
from transforms.vault.format.object_ref import ObjectRef, refer
from transforms.vault.format.receipt import ReceiptEntry, ReceiptSummary, read_receipt
from transforms.vault.store.interface import Store, put_once

_Place = tuple[int, str, int, KeyRange]
"""A range's table, key space and planned range, and itself."""

Received = tuple[ReceiptEntry, ObjectRef]
"""A shard and its receipt."""


def write_index(
    store: Store, layout: BackupLayout, plan: int, number: int, receipts: Iterable[ReceiptSummary]
) -> IndexFile:
    """Write index file `number` of a plan from the receipts of all its portions.

    Raises:
        IntegrityError: if the receipts' ranges overlap or leave a gap, or a receipt is not what was written.
    """
    refs = sorted({summary.receipt for summary in receipts}, key=lambda ref: ref.name)
    received = ((entry, ref) for ref in refs for entry in read_receipt(store, ref))
    entries = [IndexEntry(entry.place, entry.shard, ref) for entry, ref in choose(received)]
    data = encode_index(entries)
    ref = refer(layout.index(plan, number, refer("", data).sha256), data)
    file = summarise(number, ref, entries)
    put_once(store, ref.name, data)
    return file


def choose(received: Iterable[Received]) -> list[Received]:
    """One shard for each range, in the order of tables, key spaces and the plan; `received` is sorted by receipt.

    A retried bundle may leave several shards for one range: the receipt with the smallest name counts.

    Raises:
        IntegrityError: if two ranges overlap without being equal.
    """
    by_range: dict[_Place, Received] = {}
    for item in received:
        key_range = item[0].shard.range
        by_range.setdefault((item[0].place, key_range.space, item[0].number, key_range), item)
    for_planned = groupby(sorted(by_range), lambda place: place[:3])
    return [by_range[place] for _, places in for_planned for place in _chained(_apart(places, by_range))]


def _apart(places: Iterable[_Place], by_range: Mapping[_Place, Received]) -> dict[bytes, _Place]:
    """The shards of one planned range, by the start of their ranges."""
    by_start: dict[bytes, _Place] = {}
    for place in places:
        other = by_start.setdefault(place[3].start, place)
        if other is not place:
            names = " and ".join(by_range[item][1].name for item in (other, place))
            raise IntegrityError(f"{names} overlap: {other[3]} and {place[3]}.")
    return by_start


def _chained(by_start: dict[bytes, _Place]) -> Iterator[_Place]:
    """Each range after the one that ends where it starts, without comparing keys; unconnected ranges come last."""
    ends = {place[3].end for place in by_start.values()} - {b""}
    start = next((start for start in by_start if start not in ends), b"")
    while start in by_start:
        place = by_start.pop(start)
        yield place
        start = place[3].end
    yield from by_start.values()
