"""The environment of containers is read from Docker files."""

from pathlib import Path

import pytest

from tests.servers import dataflow_container
from tests.servers.dataflow_container import environment
from tests.servers.image import Image

BASE = """\
FROM builder AS builder
ENV ONLY_THERE=1
FROM python:3.11
ENV PYTHONSAFEPATH=1 GREETING="good day" PATH=/opt/bin:$PATH
"""
CHILD = """\
ARG BASE
FROM ${BASE}
ARG PIPELINE
ARG IMAGE
ENV FLEX_TEMPLATE_PYTHON_PY_FILE=/usr/local/lib/python3.11/site-packages/pipelines/${PIPELINE}.py
ENV SHARDKEEP_IMAGE=${IMAGE}
"""


@pytest.fixture
def dockerfiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    files = (tmp_path / "Dockerfile", tmp_path / "pipeline.Dockerfile")
    files[0].write_text(BASE)
    files[1].write_text(CHILD)
    monkeypatch.setattr(dataflow_container, "DOCKERFILES", files)
    return files


def test_arguments_of_the_build_are_filled_in_from_the_reference(
    dockerfiles: tuple[Path, Path], tmp_path: Path
) -> None:
    image = Image(tmp_path)
    reference = "europe-west1-docker.pkg.dev/p/r/shardkeep/verify:0.1.0"
    assert environment(image, reference) == {
        "PYTHONSAFEPATH": "1",
        "GREETING": "good day",
        "FLEX_TEMPLATE_PYTHON_PY_FILE": str(image.packages / "pipelines/verify.py"),
        "SHARDKEEP_IMAGE": reference,
    }
