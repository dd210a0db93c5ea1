"""Google's own cloud-sql-proxy: found on the PATH, or made into the cache folder.

`python -m tests.servers.cloud_sql_program` finds or makes it and prints its path.
"""

import sys
from pathlib import Path

from tests.servers import provision
from tests.servers.provision import Maker
from transforms.postgres.cloud_sql_command import PROGRAM

GO_PACKAGE = "github.com/GoogleCloudPlatform/cloud-sql-proxy/v2"
VERSION = "v2.27.0"


def find_or_make() -> Path:
    """Path of the program.

    Raises:
        NotFoundError: as `provision.find_or_make`.
    """
    return provision.find_or_make(MAKER, "Put it on the PATH, or install Go 1.25 or newer.")


def make_with_go(tool: str, version: str, folder: Path) -> Path:
    """Let Go build the program's own source."""
    provision.go_install(tool, f"{GO_PACKAGE}@{version}", folder)
    return folder / PROGRAM


def main() -> int:
    """Find or make the program and print its path."""
    return provision.tell(PROGRAM, find_or_make)


MAKER = Maker(PROGRAM, PROGRAM, "go", VERSION, make_with_go)


if __name__ == "__main__":
    sys.exit(main())
