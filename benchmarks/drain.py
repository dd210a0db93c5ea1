"""The ceiling: receive every ReadRows message as raw bytes and discard it.

No reader in Python that uses one gRPC stream can be faster than this.
"""

from collections.abc import Sequence

import grpc
from grpc.experimental import ChannelOptions

from benchmarks.replay_rows import ROW_SIZE, varint
from benchmarks.stopwatch import Stopwatch, reader_options

READ_ROWS = "/google.bigtable.v2.Bigtable/ReadRows"
# Without a separate thread for each stream: 20 to 40 % less CPU time for small messages.
OPTIONS = (("grpc.max_receive_message_length", -1), (ChannelOptions.SingleThreadedUnaryStream, 1))


def drain(server: str, request: bytes) -> int:
    """Read one stream to its end and return the bytes of all messages."""
    with grpc.insecure_channel(server, options=OPTIONS) as channel:
        read_rows = channel.unary_stream(READ_ROWS, request_serializer=None, response_deserializer=None)
        return sum(map(len, read_rows(request)))


def read_request(table: str, rows: int) -> bytes:
    """Return a serialized `ReadRowsRequest` (google/bigtable/v2): table_name is field 1, rows_limit field 4."""
    name = table.encode()
    return b"\x0a" + varint(len(name)) + name + b"\x20" + varint(rows)


def main(argv: Sequence[str] | None = None) -> None:
    """Drain the first rows of a table and print what it took."""
    options = reader_options("drain", argv)
    with Stopwatch() as stopwatch:
        size = drain(options.server, read_request(options.table, options.rows))
    stopwatch.report(size // ROW_SIZE, size)


if __name__ == "__main__":
    main()
