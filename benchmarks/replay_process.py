"""The replay server as a separate process.

This module imports little: Linux counts the memory of a process when it starts a child into the
child's peak, so the measuring process has to be smaller than its children.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc

COUNTS_SERVICE = "shardkeep.benchmarks.Replay"
REPOSITORY = Path(__file__).resolve().parent.parent


@contextmanager
def running_replay_server(
    rows: int, message_size: int = 1 << 18, table: str = "t", samples: int = 32, seed: int = 1
) -> Iterator[str]:
    """Run the server as a separate process and yield its address, `host:port`.

    Args:
        rows: Rows in the table.
        message_size: The largest size of a `ReadRowsResponse` in bytes.
        table: Id of the table that holds the rows.
        samples: How many samples SampleRowKeys returns, including the end of the table.
        seed: The seed of the values.

    Raises:
        RuntimeError: The server did not start; its own message is on standard error.
    """
    command = [sys.executable, "-m", "benchmarks.replay_server", f"--rows={rows}", f"--message_size={message_size}"]
    command += [f"--table={table}", f"--samples={samples}", f"--seed={seed}"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"127.0.0.1:{_read_port(process)}"
        finally:
            process.terminate()


def server_counts(address: str) -> dict[str, float]:
    """Return a running server's counts: read_streams, mutate_requests, _entries and _bytes, cpu_seconds."""
    with grpc.insecure_channel(address) as channel:
        ask = channel.unary_unary(f"/{COUNTS_SERVICE}/Counts", request_serializer=None, response_deserializer=None)
        counts: dict[str, float] = json.loads(ask(b"", timeout=30))
        return counts


def _read_port(process: "subprocess.Popen[str]") -> int:
    line = process.stdout.readline() if process.stdout else ""
    if not line.strip().isdecimal():
        raise RuntimeError(f"the replay server (process {process.pid}) did not start: see its message above")
    return int(line)
