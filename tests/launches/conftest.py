"""The image of the templates, made once for all processes of a test run."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers import gcloud as installed_gcloud
from tests.servers.image import Image, build


@pytest.fixture(scope="session")
def gcloud() -> None:
    """Skips what cannot be done without gcloud, where there is none."""
    installed_gcloud.program()


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The stand-in for the image: see `tests/servers/image.py`."""
    base = tmp_path_factory.getbasetemp()
    # With pytest-xdist each process has a folder of its own below one that is theirs together.
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "image"
    shared.mkdir(exist_ok=True)
    finished = shared / "finished"
    with _alone(shared / "lock"):
        if finished.exists():
            return Image(Path(finished.read_text()))
        # Of its own: a try that was broken off may have left half of one.
        made = build(Path(tempfile.mkdtemp(prefix="build-", dir=shared)))
        finished.write_text(str(made.folder))
    return made


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
