"""Compare backups and restores with other ways, side by side: all databases, or the one that is named."""

import sys
from collections.abc import Callable, Mapping, Sequence

from benchmarks import bigtable
from benchmarks.postgres import bench as postgres

ROOMS: Mapping[str, Callable[[Sequence[str]], int]] = {"bigtable": bigtable.main, "postgres": postgres.main}


def main(argv: Sequence[str]) -> int:
    """Run the benchmark that the first argument names, else Bigtable's; without arguments all, one after the other."""
    if not argv:
        return max([room([]) for room in ROOMS.values()])
    return ROOMS[argv[0]](argv[1:]) if argv[0] in ROOMS else bigtable.main(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
