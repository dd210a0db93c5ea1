"""How many cells a table's garbage collection rules would remove at once."""

def count_collectable(records: bytes | bytearray | memoryview, rules: dict[str, bytes], now_micros: int) -> int:
    """Number of cells that the rule of their family collects.

    A cell is past an age if its timestamp is before `now_micros` less the age (equal is not past it), and past
    n versions if its column has n newer cells or more. Cells of a column come newest first and together, and may
    go on in the next record of the same key. A cell of a family without a rule is never counted.

    Args:
        records: `BigtableRow` records in Avro's binary encoding, back to back, rows whole.
        rules: For each family the program of its rule (`gc_rule.program`).
        now_micros: The time to judge by, microseconds since 1970 UTC.

    Raises:
        IntegrityError: if a record is malformed.
        ValueError: if a program is malformed or nested deeper than 256 rules.
    """
