"""Canonical `BigtableRow` records to serialized `google.bigtable.v2.MutateRowsRequest`s."""

from transforms.bigtable.codec.mutate_request import MutateRequest

def encode(
    records: bytes | bytearray | memoryview,
    table_name: str,
    app_profile_id: str,
    most_mutations: int = 100_000,
    most_bytes: int = 4 << 20,
) -> list[MutateRequest]:
    """Requests that write `records` as they are: an entry a record, a `SetCell` a cell, timestamps verbatim.

    The interpreter's lock is released while rows are walked: `records` must not change meanwhile.

    Args:
        records: `BigtableRow` records in Avro's binary encoding, back to back, whole; arrays in any legal blocks.
        table_name: `projects/<project>/instances/<instance>/tables/<table>`.
        app_profile_id: App profile that routes the writes; empty for the instance's default.
        most_mutations: Limit of cells for a request and so for an entry. The service takes at most 100,000.
        most_bytes: Limit in bytes for a serialized request. Only a cell that is larger by itself passes it,
            alone in its request.

    Returns:
        The requests in the order of the records. A record past a limit is cut into several entries with its
        key, at cell boundaries; a record without cells gives none. The bytes are what protobuf's deterministic
        serialization gives.

    Raises:
        IntegrityError: if a record is malformed, a key empty, a family's name not ASCII or a timestamp negative.
    """
