"""A Bigtable server that sends the same rows again and again, as fast as gRPC in Python allows.

The official emulator sends one row a message; the production service sends many. This server sends
messages that it encoded before it opened its port, so that a measurement shows the client's cost.

    python -m benchmarks.replay_server --rows=1000000 --message_size=262144 --port=0

prints its port when it is ready, and ends on SIGTERM or SIGINT.
"""

import argparse
import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import grpc

from benchmarks.replay_data import DATA_SERVICE, ReplayData
from benchmarks.replay_process import COUNTS_SERVICE
from benchmarks.replay_rows import ReplayRows
from benchmarks.replay_tables import ADMIN_SERVICE, ReplayTables

OPTIONS = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1), ("grpc.so_reuseport", 0))


def start_server(rows: ReplayRows, table: str, samples: int, port: int) -> tuple[grpc.Server, int]:
    """Start serving on a loopback port (0: any free one); return the server and its port."""
    tables = ReplayTables(table)
    data = ReplayData(rows, table, tables, samples)
    # Without serializers requests and responses stay bytes: gRPC copies each message and does no more.
    streams = {name: grpc.unary_stream_rpc_method_handler(answer) for name, answer in data.answers().items()}
    unary = {name: grpc.unary_unary_rpc_method_handler(answer) for name, answer in tables.answers().items()}
    counts = {"Counts": grpc.unary_unary_rpc_method_handler(data.counts)}
    services = {DATA_SERVICE: streams, ADMIN_SERVICE: unary, COUNTS_SERVICE: counts}
    handlers = [grpc.method_handlers_generic_handler(name, methods) for name, methods in services.items()]
    server = grpc.server(ThreadPoolExecutor(max_workers=64), handlers=handlers, options=OPTIONS)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server, bound


def main(argv: Sequence[str] | None = None) -> None:
    """Encode the rows, print the port, and serve until a signal arrives."""
    options = _parse(argv)
    stopping = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stopping)
    rows = ReplayRows(options.rows, options.message_size, options.seed)
    server, port = start_server(rows, options.table, options.samples, options.port)
    print(port, flush=True)
    signal.sigwait(stopping)
    server.stop(grace=None).wait()


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay_server", allow_abbrev=False)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows in the table")
    parser.add_argument("--message_size", type=int, default=1 << 18, help="most bytes of a ReadRowsResponse")
    parser.add_argument("--port", type=int, default=0, help="port on the loopback interface; 0 takes a free one")
    parser.add_argument("--table", default="t", help="id of the table that holds the rows")
    parser.add_argument("--samples", type=int, default=32, help="samples of SampleRowKeys, the table's end included")
    parser.add_argument("--seed", type=int, default=1, help="what the values are made from")
    return parser.parse_args(argv)


if __name__ == "__main__":
    main()
