"""What is kept of a program's words."""

import os
import threading
import time
from collections.abc import Iterator
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.cloud_sql.child_output import LINES, LONGEST_LINE, Output

Pipe = tuple[Output, IO[bytes]]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """Something that listens, and where to write for it."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb", buffering=0) as sink:
        yield Output(source), sink


def test_what_lies_in_the_pipe_is_heard_without_a_reader(pipe: Pipe) -> None:
    output, sink = pipe
    sink.write(b"one\n\ntwo\nhalf a li")
    assert output.lines() == ["one", "two"]
    sink.write(b"ne\n")
    assert output.lines() == ["one", "two", "half a line"]


def test_only_the_last_lines_are_kept_each_in_part(pipe: Pipe) -> None:
    output, sink = pipe
    sink.write(b"".join(b"%d\n" % number for number in range(LINES + 3)) + b"x" * 2 * LONGEST_LINE + b"\n")
    assert output.lines() == [*map(str, range(4, LINES + 3)), "x" * LONGEST_LINE]


def test_lines_since_a_moment_are_those_heard_since(pipe: Pipe) -> None:
    output, sink = pipe
    sink.write(b"before\n")
    assert output.lines() == ["before"]
    since = time.monotonic()
    sink.write(b"after\n")
    assert output.lines(since) == ["after"]
    assert output.lines() == ["before", "after"]


def test_a_reader_takes_more_than_a_pipe_holds_and_stops_at_its_end(pipe: Pipe) -> None:
    output, sink = pipe
    reader = threading.Thread(target=output.read_to_end)
    reader.start()
    sink.write(b"y" * 100 + b"\n" + b"many\n" * 100_000 + b"the last, without a line break")
    sink.close()
    reader.join(120)
    assert not reader.is_alive()
    assert output.lines()[-2:] == ["many", "the last, without a line break"]


@given(st.binary(max_size=50), st.integers(0, 50))
def test_any_bytes_are_some_text(data: bytes, cut: int) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb", buffering=0) as sink:
        output = Output(source)
        for part in (data[:cut], data[cut:], b"\n"):
            sink.write(part)
            heard = output.lines()
    assert heard == [text for line in data.split(b"\n") if (text := line.decode("utf-8", "replace").strip())]
