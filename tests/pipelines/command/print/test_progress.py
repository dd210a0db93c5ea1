"""Progress: what workers append is summed exactly, and shown as one line or one now and then."""

import io
import os
import pickle
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.command.print.progress import ProgressLine
from transforms.progress import Amount, ProgressFile
from transforms.progress_tally import Tally


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


def tally(path: Path) -> Tally:
    found = Tally()
    found.add(path.read_bytes().splitlines())
    return found


def test_lines_of_many_threads_and_processes_are_all_there(path: Path) -> None:
    code = "import sys; from transforms.progress import ProgressFile\nf = ProgressFile(sys.argv[1]).item(sys.argv[2])\n"
    code += "for _ in range(2000): f.add(rows=3, bytes=1_000_000)\n"
    workers = [subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in ("a", "b")]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: ProgressFile(str(path)).item(f"t/{n}").done(rows=n), range(1000)))
    assert [worker.wait(300) for worker in workers] == [0, 0]
    ProgressFile(str(path)).close()
    assert tally(path).total == Amount(rows=12000 + sum(range(1000)), bytes=4_000_000_000, items=1000)


def test_without_a_path_nothing_happens() -> None:
    ProgressFile("").item("a").add(rows=1)
    ProgressFile("").plan("a", items=1)
    ProgressFile("").close()


def test_a_file_that_is_gone_never_fails_the_work(tmp_path: Path) -> None:
    ProgressFile(str(tmp_path / "no" / "such")).item("a").add(rows=1)
    assert list(tmp_path.iterdir()) == []


def test_a_progress_file_travels_to_a_worker(path: Path) -> None:
    file = ProgressFile(str(path))
    file.item("a").done(rows=1)
    pickle.loads(pickle.dumps(file)).item("a b\n\udc80").done(rows=1)  # noqa: S301
    file.close()
    assert tally(path).total == Amount(rows=2, items=2)


def test_work_that_is_tried_again_counts_once(path: Path) -> None:
    file = ProgressFile(str(path))
    first, second = file.item("t/1"), file.item("t/1")
    first.add(rows=5, bytes=50)
    second.add(rows=2, bytes=20)
    assert tally(path).total == Amount(rows=5, bytes=50)
    second.add(rows=4, bytes=40)
    assert tally(path).total == Amount(rows=6, bytes=60)
    second.done(rows=1, bytes=1)
    assert tally(path).total == Amount(rows=7, bytes=61, items=1)
    first.done(rows=90, bytes=900)
    file.item("t/1").done(rows=7, bytes=61)
    assert tally(path).total == Amount(rows=7, bytes=61, items=1)


def test_a_plan_that_is_made_again_counts_once(path: Path) -> None:
    for name, items in (("t", 3), ("u", 2), ("t", 3), ("u", 4)):
        ProgressFile(str(path)).plan(name, items=items)
    assert tally(path).planned == Amount(items=7)


EVENTS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 9), st.booleans()), max_size=40)


@given(EVENTS)
def test_any_order_of_tries_counts_each_piece_as_its_first_finished_or_its_furthest_try(
    events: list[tuple[int, int, int, bool]],
) -> None:
    counted, tries, ended = Tally(), defaultdict[tuple[int, int], int](int), dict[int, int]()
    for name, attempt, size, done in events:
        counted.add([b"%s %d %d 0 %d %d" % (b"d" if done else b"n", name, attempt, size, done)])
        tries[name, attempt] += size
        if done:
            ended.setdefault(name, tries[name, attempt])
        furthest = {n: max(tries.get((n, 0), 0), tries.get((n, 1), 0)) for n in range(3)}
        assert counted.total == Amount(0, sum((furthest | ended).values()), len(ended))


def test_a_plain_stream_gets_lines_and_a_last_one(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    stream = Watched("1,234,567 rows, 1.2 GiB, ")
    with ProgressLine("backing up", Amount(), path, stream, interval=0.01):
        ProgressFile(str(path)).plan("t", items=20)
        for number in range(9):
            ProgressFile(str(path)).item(f"t/{number}").done()
        ProgressFile(str(path)).item("t/9").add(rows=1_234_567, bytes=1_288_490_188)
        assert stream.seen.wait(120)
    first, *others, last = stream.getvalue().splitlines()
    assert first.startswith("backing up: ")
    assert last.startswith("backing up: done: 1,234,567 rows, 1.2 GiB in ")
    assert next(line for line in (first, *others) if "1.2 GiB" in line).endswith("/s, 45% (9 of 20)")
    assert "\r" not in stream.getvalue()


def shown(path: Path, whole: Amount, work: Callable[[ProgressFile], object], wanted: str) -> str:
    """The last line of a job that fails when a line with the wanted text was shown."""
    stream = Watched(wanted)

    def fail() -> None:
        with ProgressLine("restoring", whole, path, stream, interval=0.01):
            work(ProgressFile(str(path)))
            assert stream.seen.wait(120), stream.getvalue()
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    return stream.getvalue().splitlines()[-1]


def do_three(file: ProgressFile) -> None:
    for name in "abc":
        file.item(name).done()


def test_the_share_is_of_the_bytes_where_they_are_known(path: Path) -> None:
    last = shown(path, Amount(bytes=4 << 20), lambda file: file.item("a").done(5, 1 << 20), ", 25% of 4.0 MiB")
    assert last.startswith("restoring: stopped at 25% of 4.0 MiB: 5 rows, 1.0 MiB in ")


def test_nothing_is_all_done_before_the_end_or_after_a_failure(path: Path) -> None:
    assert shown(path, Amount(bytes=100), lambda file: None, "0% of 100 B")
    last = shown(path, Amount(bytes=100), lambda file: file.item("a").done(5, 500), "99% of 100 B")
    assert last.startswith("restoring: stopped at 99% of 100 B: 5 rows, 500 B in ")
    assert "100%" not in shown(path, Amount(items=1), lambda file: file.item("b").done(), "99% (")


def test_rate_and_time_follow_the_clock(path: Path) -> None:
    ticks = iter([10.0, 14.0])
    stream = io.StringIO()
    with ProgressLine("verifying", Amount(bytes=9), path, stream, interval=60, clock=lambda: next(ticks)):
        ProgressFile(str(path)).item("a").done(rows=1, bytes=4 * 240 * 2**20)
    assert stream.getvalue() == "verifying: done: 1 row, 960 MiB in 4.0 s, 240 MiB/s\n"


def test_bytes_that_are_no_rows_are_shown_alone(path: Path) -> None:
    stream = io.StringIO()
    with ProgressLine("verifying", Amount(bytes=9), path, stream, interval=60):
        ProgressFile(str(path)).item("a").done(bytes=1 << 20)
    assert stream.getvalue().startswith("verifying: done: 1.0 MiB in ")


def test_parts_without_a_known_whole_are_counted(path: Path) -> None:
    last = shown(path, Amount(), do_three, ", 3 parts\n")
    assert last.startswith("restoring: stopped at 3 parts: 0 rows")


def test_a_half_written_line_is_left_for_the_next_reading(path: Path) -> None:
    with ProgressLine("restoring", Amount(), path, io.StringIO(), interval=60) as line:
        path.write_bytes(b"n a x 1 0 0\nn a")
        assert line.total == Amount(rows=1)
        path.write_bytes(b"n a x 1 0 0\nn a x 23 4 0\n")
        assert line.total == Amount(rows=24, bytes=4)


def test_a_stream_whose_reader_is_gone_fails_nothing(path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    stream = os.fdopen(writer, "w", buffering=1)
    with ProgressLine("restoring", Amount(), path, stream, interval=60):
        ProgressFile(str(path)).item("a").done()
    with pytest.raises(BrokenPipeError):
        stream.close()


def test_quiet_shows_nothing_and_still_counts(path: Path) -> None:
    stream = io.StringIO()
    with ProgressLine("restoring", Amount(), path, stream, quiet=True, interval=0.01) as line:
        ProgressFile(str(path)).item("a").add(rows=7)
        assert line.total == Amount(rows=7)
    assert stream.getvalue() == ""


def test_a_terminal_gets_one_line_that_is_written_over(path: Path) -> None:
    reader, writer = os.openpty()
    shown = b""
    with os.fdopen(writer, "w") as terminal:
        with ProgressLine("backing up", Amount(items=2), path, terminal, interval=0.01):
            ProgressFile(str(path)).item("a").done(rows=8)
            while b"8 rows" not in shown:
                shown += os.read(reader, 4096)
        while b"done" not in shown or not shown.endswith(b"\n"):
            shown += os.read(reader, 4096)
    os.close(reader)
    pieces = shown.split(b"\r\x1b[K")
    assert pieces[0] == b""
    assert all(b"\n" not in piece for piece in pieces[:-1])
    assert pieces[-1].startswith(b"backing up: done: 8 rows, 0 B in ")
    assert b"50% (1 of 2)" in pieces[1] + pieces[-2]
