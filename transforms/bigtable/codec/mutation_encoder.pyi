"""Canonical `BigtableRow` records to serialized `google.bigtable.v2.MutateRowsRequest`s."""

from transforms.bigtable.codec.mutate_request import MutateRequest

def encode(
    records: bytes | bytearray | memoryview,
    table_name: str,
    app_profile_id: str,
    most_mutations: int = 100_000,
    most_bytes: int = 4 << 20,
) -> list[MutateRequest]:
    """Requests that write `records`: one entry for each record, one `SetCell` for each cell, timestamps unchanged.

    The interpreter's lock is released while rows are walked: `records` must not change meanwhile.

    Args:
        records: `BigtableRow` records in Avro's binary encoding, back to back, whole; arrays in any legal blocks.
        table_name: `projects/<project>/instances/<instance>/tables/<table>`.
        app_profile_id: App profile that routes the writes; empty for the instance's default.
        most_mutations: Most cells in a request, and so in an entry. The service takes at most 100,000.
        most_bytes: Most bytes of a serialized request. Only a cell that is larger by itself exceeds it,
            alone in its request.

    Returns:
        The requests in the order of the records. A record that exceeds a limit is cut between cells into several
        entries with its key; a record without cells gives no entry. The bytes equal protobuf's deterministic
        serialization.

    Raises:
        IntegrityError: if a record is malformed, a key empty, a family's name not ASCII or a timestamp negative.
    """
