"""Runs a PostgreSQL server for the benchmarks: prints where it is as JSON, and ends it at the end of its input."""

import json
import sys

from tests.servers.postgres_server import newest, running

# A benchmark has less use for many connections than for a server that does not stop to write.
SETTINGS = {
    "shared_buffers": "1GB",
    "max_wal_size": "16GB",
    "max_locks_per_transaction": "1024",
    "checkpoint_timeout": "1h",
    "maintenance_work_mem": "256MB",
}


def main() -> None:
    """Serve until the input ends."""
    with running(newest(), SETTINGS) as server:
        print(json.dumps({"port": server.port, "pid": server.pid, "programs": str(server.binaries.folder)}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
