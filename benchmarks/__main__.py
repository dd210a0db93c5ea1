"""Compare Shardkeep with other programs, side by side: all databases, or the named part."""

import sys
from collections.abc import Callable, Mapping, Sequence

from benchmarks import bigtable, codecs
from benchmarks.cloud_storage import bench as cloud_storage
from benchmarks.postgres import bench as postgres
from benchmarks.vault import bench as vault

ROOMS: Mapping[str, Callable[[Sequence[str]], int]] = {
    "bigtable": bigtable.main,
    "postgres": postgres.main,
    "vault": vault.main,
}

# Cloud Storage needs a bucket of the user, and codecs compare builds: both run only if they are named.
PARTS: Mapping[str, Callable[[Sequence[str]], int]] = {
    **ROOMS,
    "cloud_storage": cloud_storage.main,
    "codecs": codecs.main,
}


def main(argv: Sequence[str]) -> int:
    """Run the benchmark that the first argument names, else Bigtable's; without arguments all, in turn."""
    if not argv:
        return max([room([]) for room in ROOMS.values()])
    return PARTS[argv[0]](argv[1:]) if argv[0] in PARTS else bigtable.main(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
