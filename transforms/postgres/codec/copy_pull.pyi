"""The rows of a COPY TO STDOUT, pulled out of libpq into a CopyTranscoder."""

from transforms.postgres.codec.copy_transcoder import CopyTranscoder

FULL: int
WAIT: int
ENDED: int
FAILED: int

def pull(transcoder: CopyTranscoder, connection: int, limit: int) -> int:
    """Take and transcode the rows that libpq has in hand, without waiting for more and without the GIL.

    Args:
        transcoder: The transcoder of this stream. After an error every further call raises again.
        connection: Address of a `PGconn` of psycopg's that is in COPY TO STDOUT (`pgconn.pgconn_ptr`).
        limit: Bytes of records in hand, at least 1, at which to stop; 2^20 rows are the most in any case.

    Returns:
        FULL: the limit is reached.
        WAIT: libpq has no more: wait for the socket and call `consume_input`, then pull again.
        ENDED: the stream is complete up to its trailer; `get_result` has yet to say that the command succeeded.
        FAILED: the stream ended before its trailer; `get_result` says why. Without an error there, the stream
            is cut off: that is an integrity error too.

    Raises:
        IntegrityError: if a message is malformed, or a row's ctid is not above that of the row before it.
        UnreachableError: if psycopg runs without its C implementation.
    """
