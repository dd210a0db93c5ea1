"""A stream holds a part in memory, however long it is."""

import os
import subprocess
import sys

from tests.servers.gcs_gate import Gate
from transforms.vault.store.resumable_upload import PART

MIB = 1 << 20
MOST = 6 * PART  # a part, what the system's buffers and the allocator add to it, and some ease
# Peak memory of a process cannot be set back, so each size has a process of its own.
PROGRAM = """
import resource, sys
from transforms.vault.store.opening import open_store
store, mebibytes = open_store(sys.argv[1]), int(sys.argv[2])
piece = bytes(range(256)) * 4096
with store.create("a") as writer:
    for _ in range(mebibytes):
        writer.write(piece)
assert store.stat("a").size == mebibytes << 20
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def peak(place: str, mebibytes: int) -> int:
    """Bytes of memory that a process took at most while it streamed so much into a new object."""
    command = [sys.executable, "-c", PROGRAM, place, str(mebibytes)]
    return int(subprocess.check_output(command, env=os.environ))


def test_the_memory_of_a_stream_does_not_grow_with_it(gate: Gate) -> None:
    bucket = gate.new_bucket()
    small = peak(f"gs://{bucket}/small", 1)
    assert peak(f"gs://{bucket}/large", 96) - small < MOST
