"""Google's own cloud-sql-proxy: found on the PATH, or made into the cache folder.

`python -m tests.servers.cloud_sql_program` finds or makes it and prints its path.
"""

import sys
from pathlib import Path

from tests.servers import provision
from tests.servers.provision import go_maker
from transforms.cloud_sql.command import PROGRAM

GO_PACKAGE = "github.com/GoogleCloudPlatform/cloud-sql-proxy/v2"
VERSION = "v2.27.0"


def find_or_make() -> Path:
    """Path of the program.

    Raises:
        NotFoundError: as `provision.find_or_make`.
    """
    return provision.find_or_make(MAKER, "Put it on the PATH, or install Go 1.25 or newer.")


def main() -> int:
    """Find or make the program and print its path."""
    return provision.tell(PROGRAM, find_or_make)


MAKER = go_maker(PROGRAM, PROGRAM, GO_PACKAGE, VERSION)


if __name__ == "__main__":
    sys.exit(main())
