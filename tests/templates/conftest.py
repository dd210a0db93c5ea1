"""The real gcloud, with a configuration of its own and no account."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers import gcloud as installed_gcloud

Gcloud = Callable[..., str]


@pytest.fixture
def gcloud_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of gcloud; whoever runs it in this test gets an empty configuration."""
    program = installed_gcloud.program()
    for name, value in installed_gcloud.settings(tmp_path / "gcloud", "test-project").items():
        monkeypatch.setenv(name, value)
    return program


@pytest.fixture
def gcloud(gcloud_settings: str) -> Gcloud:
    """Runs gcloud and returns what it prints."""

    def run(*arguments: str) -> str:
        return subprocess.run(
            [gcloud_settings, *arguments], capture_output=True, text=True, check=True, env=os.environ
        ).stdout

    return run
