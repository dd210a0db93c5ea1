"""How many cells a table's garbage collection rules would remove at once."""

def count_collectable(records: bytes | bytearray | memoryview, rules: dict[str, bytes], now_micros: int) -> int:
    """Number of cells that the rule of their family collects.

    A cell exceeds an age if its timestamp is before `now_micros` minus the age (an equal one does not), and exceeds
    n versions if its column has at least n newer cells. Cells of a column come together, newest first, and may
    continue in the next record of the same key. A cell of a family without a rule is never counted.

    Args:
        records: `BigtableRow` records in Avro's binary encoding, back to back; no row is cut.
        rules: For each family the program of its rule (`gc_rule.program`).
        now_micros: The time to judge by, microseconds since 1970 UTC.

    Raises:
        IntegrityError: if a record is malformed.
        ValueError: if a program is malformed or nested deeper than 256 rules.
    """
