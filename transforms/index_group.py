"""Turning the receipts of neighbouring planned ranges into an index file."""

from collections.abc import Iterable, Sequence

from transforms.errors import IntegrityError
from transforms.key_range import KeyRange
from transforms.vault.index import IndexEntry, IndexFile, encode_index, summarise
from transforms.vault.layout import BackupLayout
from transforms.vault.object_ref import refer
from transforms.vault.receipt import ReceiptSummary, read_receipt
from transforms.vault.store import Store, put_once


def write_index(
    store: Store, layout: BackupLayout, folder: str, number: int, receipts: Iterable[ReceiptSummary]
) -> list[IndexFile]:
    """Write the index of a group of planned ranges, a file for each key space; `folder` is the table's.

    Raises:
        IntegrityError: if the receipts' ranges overlap or leave a gap.
    """
    chosen = choose(receipts)
    spaces = sorted({receipt.range.space for receipt in chosen})
    return [
        _write_file(store, layout, folder, number, [item for item in chosen if item.range.space == space])
        for space in spaces
    ]


def _write_file(
    store: Store, layout: BackupLayout, folder: str, number: int, receipts: Sequence[ReceiptSummary]
) -> IndexFile:
    entries = [IndexEntry(read_receipt(store, item.receipt), item.receipt) for item in receipts]
    data = encode_index(entries)
    ref = refer(layout.index(folder, number, refer("", data).sha256), data)
    file = summarise(receipts[0].table, number, ref, entries)
    put_once(store, ref.name, data)
    return file


def choose(receipts: Iterable[ReceiptSummary]) -> list[ReceiptSummary]:
    """One receipt for each range, in the plan's order.

    A retried bundle may leave several receipts for one range: the one with the smallest name counts.

    Raises:
        IntegrityError: if two ranges overlap without being equal.
    """
    by_range: dict[tuple[int, KeyRange], ReceiptSummary] = {}
    for receipt in sorted(receipts):
        by_range.setdefault((receipt.number, receipt.range), receipt)
    by_start: dict[tuple[int, str, bytes], ReceiptSummary] = {}
    for receipt in by_range.values():
        other = by_start.setdefault((receipt.number, receipt.range.space, receipt.range.start), receipt)
        if other is not receipt:
            raise IntegrityError(f"{receipt.name} and {other.name} overlap: {receipt.range} and {other.range}.")
    return sorted(by_start.values())
