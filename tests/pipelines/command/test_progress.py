"""Progress: what workers append is summed exactly, and shown as one line or one now and then."""

import io
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipelines.command.progress import ProgressLine
from transforms.progress import Progress, ProgressFile, sum_lines


class Watched(io.StringIO):
    """A stream that says when a line with a certain text was written."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.wanted = wanted
        self.seen = threading.Event()

    def write(self, text: str) -> int:
        if self.wanted in text:
            self.seen.set()
        return super().write(text)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "progress"
    path.touch()
    return path


def test_lines_of_many_threads_and_processes_are_all_there(path: Path) -> None:
    code = "import sys; from transforms.progress import ProgressFile\nf = ProgressFile(sys.argv[1])\n"
    code += "for _ in range(2000): f.add(rows=3, bytes=1_000_000)\n"
    workers = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(2)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: ProgressFile(str(path)).add(rows=n, ranges=1), range(1000)))
    assert [worker.wait(20) for worker in workers] == [0, 0]
    ProgressFile(str(path)).close()
    assert sum_lines(path.read_bytes().splitlines()) == Progress(
        rows=12000 + sum(range(1000)), bytes=4_000_000_000, ranges=1000
    )


def test_without_a_path_nothing_happens() -> None:
    ProgressFile("").add(rows=1)
    ProgressFile("").close()


def test_a_file_that_is_gone_never_fails_the_work(tmp_path: Path) -> None:
    ProgressFile(str(tmp_path / "no" / "such")).add(rows=1)
    assert list(tmp_path.iterdir()) == []


def test_a_progress_file_travels_to_a_worker(path: Path) -> None:
    file = ProgressFile(str(path))
    file.add(rows=1)
    pickle.loads(pickle.dumps(file)).add(rows=1)  # noqa: S301
    file.close()
    assert path.read_bytes() == b"1 0 0 0\n1 0 0 0\n"


def test_a_plain_stream_gets_lines_and_a_last_one(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    stream = Watched("1,234,567 rows, 1.2 GiB, ")
    with ProgressLine("backing up", None, path, stream, interval=0.01):
        ProgressFile(str(path)).add(planned=20)
        ProgressFile(str(path)).add(rows=1_234_567, bytes=1_288_490_188, ranges=9)
        assert stream.seen.wait(20)
    first, *_, last = stream.getvalue().splitlines()
    assert first.startswith("backing up: ")
    assert last.startswith("backing up: done: 1,234,567 rows, 1.2 GiB in ")
    assert last.endswith("/s, 45% of ranges (9 of 20)")
    assert "\r" not in stream.getvalue()


def test_rate_and_time_follow_the_clock(path: Path) -> None:
    ticks = iter([10.0, 14.0])
    stream = io.StringIO()
    with ProgressLine("verifying", 3, path, stream, interval=60, clock=lambda: next(ticks)):
        ProgressFile(str(path)).add(rows=5, bytes=4 * 240 * 2**20, ranges=1)
    assert stream.getvalue() == "verifying: done: 5 rows, 960 MiB in 4.0 s, 240 MiB/s, 33% of ranges (1 of 3)\n"


def test_ranges_done_twice_never_pass_the_whole(path: Path) -> None:
    stream = io.StringIO()
    with ProgressLine("restoring", 2, path, stream, interval=60):
        ProgressFile(str(path)).add(ranges=3)
    assert "100% of ranges (2 of 2)" in stream.getvalue()


def test_ranges_without_a_known_whole_are_counted(path: Path) -> None:
    stream = io.StringIO()
    with ProgressLine("restoring", None, path, stream, interval=60):
        ProgressFile(str(path)).add(ranges=3)
    assert stream.getvalue().endswith(", 3 ranges\n")


def test_a_half_written_line_is_left_for_the_next_reading(path: Path) -> None:
    with ProgressLine("restoring", None, path, io.StringIO(), interval=60) as line:
        path.write_bytes(b"1 0 0 0\n23")
        assert line.total == Progress(rows=1)
        path.write_bytes(b"1 0 0 0\n23 4 0 0\n")
        assert line.total == Progress(rows=24, bytes=4)


def test_a_job_that_fails_is_not_called_done(path: Path) -> None:
    stream = io.StringIO()
    with pytest.raises(ValueError, match="no"), ProgressLine("restoring", None, path, stream, interval=60):
        raise ValueError("no")
    assert stream.getvalue().startswith("restoring: stopped: 0 rows")


def test_quiet_shows_nothing_and_still_counts(path: Path) -> None:
    stream = io.StringIO()
    with ProgressLine("restoring", None, path, stream, quiet=True, interval=0.01) as line:
        ProgressFile(str(path)).add(rows=7)
        assert line.total == Progress(rows=7)
    assert stream.getvalue() == ""


def test_a_terminal_gets_one_line_that_is_written_over(path: Path) -> None:
    reader, writer = os.openpty()
    shown = b""
    with os.fdopen(writer, "w") as terminal:
        with ProgressLine("backing up", 2, path, terminal, interval=0.01):
            ProgressFile(str(path)).add(rows=8, ranges=1)
            while b"8 rows" not in shown:
                shown += os.read(reader, 4096)
        while b"done" not in shown or not shown.endswith(b"\n"):
            shown += os.read(reader, 4096)
    os.close(reader)
    pieces = shown.split(b"\r\x1b[K")
    assert pieces[0] == b""
    assert all(b"\n" not in piece for piece in pieces[:-1])
    assert pieces[-1].startswith(b"backing up: done: 8 rows, 0 B in ")
    assert pieces[-1].endswith(b"50% of ranges (1 of 2)\r\n")
