"""Google's own cloud-sql-proxy: found on the PATH, or made into the cache folder.

`python -m tests.servers.cloud_sql_program` finds or makes it and prints its path.
"""

import os
import shutil
from pathlib import Path

from tests.servers import provision
from tests.servers.provision import Maker
from transforms.errors import NotFoundError
from transforms.postgres.cloud_sql_command import PROGRAM

GO_PACKAGE = "github.com/GoogleCloudPlatform/cloud-sql-proxy/v2"
VERSION = "v2.27.0"


def find_or_make() -> Path:
    """Path of the program.

    Raises:
        NotFoundError: if there is none and none can be made.
    """
    on_path = shutil.which(PROGRAM)
    if on_path or os.access(MAKER.cached, os.X_OK):
        return Path(on_path or MAKER.cached)
    try:
        return provision.make(MAKER)
    except NotFoundError as error:
        raise NotFoundError(
            f"No {PROGRAM}, and none can be made ({error}). Put it on the PATH, or install Go."
        ) from error


def make_with_go(tool: str, version: str, folder: Path) -> Path:
    """Let Go build the program's own source."""
    provision.go_install(tool, f"{GO_PACKAGE}@{version}", folder)
    return folder / PROGRAM


MAKER = Maker(PROGRAM, PROGRAM, "go", VERSION, make_with_go)

if __name__ == "__main__":
    print(find_or_make())
