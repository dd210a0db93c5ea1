"""The real gcloud, with a configuration of its own and no account."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Gcloud = Callable[..., str]


@pytest.fixture
def gcloud_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of gcloud; whoever runs it in this test gets an empty configuration."""
    program = shutil.which("gcloud")
    if program is None:
        pytest.skip("no gcloud is installed")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    monkeypatch.setenv("CLOUDSDK_CORE_PROJECT", "test-project")
    monkeypatch.setenv("CLOUDSDK_CORE_DISABLE_PROMPTS", "1")
    monkeypatch.setenv("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "true")
    return program


@pytest.fixture
def gcloud(gcloud_settings: str) -> Gcloud:
    """Runs gcloud and returns what it prints."""

    def run(*arguments: str) -> str:
        return subprocess.run(
            [gcloud_settings, *arguments], capture_output=True, text=True, check=True, env=os.environ
        ).stdout

    return run
