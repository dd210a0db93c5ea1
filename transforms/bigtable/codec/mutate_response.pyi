"""Which entries a serialized `google.bigtable.v2.MutateRowsResponse` answers, and which of them failed."""

def failed_entries(message: bytes, answered: bytearray) -> list[tuple[int, int, str]]:
    """Failed entries of one response message of a stream.

    Args:
        message: One serialized `MutateRowsResponse`. Fields other than `entries` are skipped.
        answered: One byte for each entry of the request, 0 until it is answered; set to 1 for each entry that
            the message reports. An entry left 0 when the stream has ended was not answered.

    Returns:
        Index, code of `google.rpc.Code` and message of each entry whose status is not OK.

    Raises:
        IntegrityError: if the message is malformed, or names an entry that the request does not have or
            that was answered before.
    """
