"""A Docker file is read by stages, and its lines as Docker reads them."""

from pathlib import Path

import pytest

from tests.servers.docker_file import Stage, stages

TEXT = """\
# syntax=docker/dockerfile:1
ARG VERSION
FROM builder:1 AS builder
ENV ONLY_THERE=1

FROM python:3.11
# What programs find.
ENV PYTHONSAFEPATH=1 \\
    GREETING="good day" PATH=/opt/bin:$PATH
ENV LAST=/a/${NAME}.py
COPY --from=builder /a /b /c/
RUN --mount=type=cache,target=/x one && \\
    two
"""


@pytest.fixture
def last(tmp_path: Path) -> Stage:
    path = tmp_path / "Dockerfile"
    path.write_text(TEXT)
    first, last = stages(path)
    assert (first.image, first.name, first.settings()) == ("builder:1", "builder", {"ONLY_THERE": "1"})
    return last


def test_a_line_may_have_several_settings_and_go_on(last: Stage) -> None:
    expected = [
        ("PYTHONSAFEPATH", "1"),
        ("GREETING", "good day"),
        ("PATH", "/opt/bin:$PATH"),
        ("LAST", "/a/${NAME}.py"),
    ]
    assert list(last.settings().items()) == expected


def test_commands_are_taken_one_by_one_without_the_options_of_their_line(last: Stage) -> None:
    assert last.commands() == ["one", "two"]


def test_a_copy_names_its_stage(last: Stage) -> None:
    assert last.copies() == [("builder", ["/a", "/b", "/c/"])]
