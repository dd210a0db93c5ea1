"""Tables for tests, with content that is told from a number."""

from tests.memory_room.database import MemoryTable

ORDERS = "orders"
PEOPLE = "people"


def keyed(rows: int, seed: int = 0) -> dict[bytes, bytes]:
    """Rows with keys of all bytes and values of sizes from 0 to 39."""
    return {bytes([n % 251, n // 251]) + b"k%d" % n: b"%d/%d" % (seed, n) + bytes(n % 37) for n in range(rows)}


def two_tables(seed: int = 0, rows: int = 30) -> dict[str, MemoryTable]:
    """A table with keys, and one that also has rows without."""
    nulls = {b"null %d/%d" % (seed, n) + bytes(n) for n in range(9)}
    return {
        ORDERS: MemoryTable(keyed(rows, seed)),
        PEOPLE: MemoryTable(keyed(rows // 2, seed + 1), nulls, nullable=True),
    }
