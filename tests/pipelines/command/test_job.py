"""A job's failure is the error that a worker raised, whichever way the engine hands it on."""

import logging
import subprocess
import sys
import traceback
from collections.abc import Callable
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from hypothesis import given
from hypothesis import strategies as st

from pipelines.command.job import original_error, run_job
from transforms import errors
from transforms.errors import IntegrityError, ShardkeepError, UnreachableError

MESSAGE = "shard a/b.avro is short\n  in table 't': want 5\n\nrun verify [L2] again"


def fail(element: int) -> int:
    if element == 2:
        raise IntegrityError(MESSAGE)
    return element


def fail_nested(element: int) -> int:
    try:
        return fail(element)
    except IntegrityError as error:
        raise UnreachableError("the vault is away\nsee --vault") from error


def divide(element: int) -> float:
    return 1 / (element - 2)


class FailAtTheEnd(beam.DoFn):
    def __init__(self, message: str) -> None:
        self.message = message

    def process(self, element: int) -> list[int]:
        return [element]

    def finish_bundle(self) -> None:
        raise IntegrityError(self.message)


def run(transform: beam.PTransform[Any, Any], *options: str) -> None:
    pipeline = beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner", *options]))
    _ = pipeline | beam.Create([1, 2, 3]) | beam.Reshuffle() | "a 'step'" >> transform | beam.Map(str)
    run_job(pipeline)


@pytest.mark.parametrize("transform", [beam.Map(fail), beam.ParDo(FailAtTheEnd(MESSAGE))], ids=["map", "finish_bundle"])
def test_an_error_of_a_worker_in_this_process_comes_back_as_raised(transform: beam.PTransform[Any, Any]) -> None:
    with pytest.raises(IntegrityError) as caught:
        run(transform)
    assert str(caught.value) == MESSAGE


def test_of_nested_errors_the_outer_one_comes_back() -> None:
    with pytest.raises(UnreachableError) as caught:
        run(beam.Map(fail_nested))
    assert str(caught.value) == "the vault is away\nsee --vault"


def test_an_error_of_another_process_is_rebuilt_from_its_text() -> None:
    with pytest.raises(UnreachableError) as caught:
        run(beam.Map(fail_nested), "--direct_running_mode=multi_processing", "--direct_num_workers=2")
    assert str(caught.value) == "the vault is away\nsee --vault"


def test_an_error_of_a_thread_is_rebuilt_from_its_text() -> None:
    with pytest.raises(IntegrityError) as caught:
        run(beam.Map(fail), "--direct_running_mode=multi_threading", "--direct_num_workers=2")
    assert str(caught.value) == MESSAGE


def test_our_errors_are_not_logged_with_tracebacks(caplog: pytest.LogCaptureFixture) -> None:
    for options in ((), ("--direct_running_mode=multi_threading", "--direct_num_workers=2")):
        with pytest.raises(IntegrityError):
            run(beam.Map(fail), *options)
    assert caplog.records == []


def test_a_bundle_that_outlives_its_worker_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    run(beam.Map(str))
    worker = logging.getLogger("apache_beam.runners.worker.sdk_worker")
    worker.error("Error processing instruction bundle_30. Original traceback is\n%s\n", "KeyError: 'bundle_30'")
    worker.error("KeyError: 'other'")
    assert [record.getMessage() for record in caplog.records] == ["KeyError: 'other'"]


def test_only_a_thread_of_beams_that_an_engine_hung_up_on_ends_in_silence() -> None:
    code = (
        "import grpc, threading; from pipelines.command.job import _quiet_threads\n"
        "def fail(error): raise error\n"
        "_quiet_threads(); _quiet_threads()\n"
        "hung_up = grpc.RpcError()\n"
        "for name, error in (('run_worker_1-1', hung_up), ('other', hung_up), ('run_worker_2', OSError())):\n"
        "    thread = threading.Thread(target=fail, args=[error], name=name); thread.start(); thread.join()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said = [line for line in done.stderr.splitlines() if line.startswith("Exception in thread")]
    assert said == ["Exception in thread other:", "Exception in thread run_worker_2:"]


def test_a_fault_of_ours_stays_what_it_is_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ZeroDivisionError):
        run(beam.Map(divide))
    assert caplog.records != []


def test_a_job_that_ends_well_returns() -> None:
    run(beam.Map(str))


def test_a_job_that_does_not_end_as_done_is_an_error() -> None:
    class Cancelled:
        def run(self) -> "Cancelled":
            return self

        def wait_until_finish(self) -> str:
            return "CANCELLED"

    with pytest.raises(ShardkeepError, match="CANCELLED"):
        run_job(Cancelled())  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 130), ("SIGHUP", 129)])
def test_a_signal_ends_a_running_job_with_its_code(name: str, code: int) -> None:
    program = (
        "import os, signal, sys, threading\n"
        "import apache_beam as beam\n"
        "from apache_beam.options.pipeline_options import PipelineOptions\n"
        "from pipelines.command.exit_codes import run_command\n"
        "from pipelines.command.job import run_job\n"
        "def wait(element):\n"
        f"    os.kill(os.getpid(), signal.{name})\n"
        "    threading.Event().wait(30)\n"
        "def main(argv):\n"
        # A process that was started in the background may have been told to ignore it.
        "    signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "    p = beam.Pipeline(options=PipelineOptions(['--runner=FnApiRunner']))\n"
        "    p | beam.Create([1]) | beam.Map(wait)\n"
        "    run_job(p)\n"
        "    return 0\n"
        "sys.exit(run_command(main, []))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    words = {143: "terminated", 130: "interrupted", 129: "the terminal hung up"}
    assert (done.returncode, done.stderr) == (code, f"shardkeep: {words[code]}\n")


def kinds() -> list[type[ShardkeepError]]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ShardkeepError)]


def raised(action: Callable[[], object]) -> Exception:
    try:
        action()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


@given(st.sampled_from(kinds()), st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1))
def test_every_class_and_message_is_found_in_the_text_of_a_traceback(kind: type[ShardkeepError], text: str) -> None:
    def work() -> None:
        try:
            fail(2)
        except IntegrityError:
            raise kind(f"{text} [while running 'a step']") from None

    trace = "".join(traceback.format_exception(raised(work)))
    found = original_error(RuntimeError(f"Pipeline job-1 failed in state FAILED: bundle failed:{trace}\n\nlog line"))
    assert (type(found), str(found)) == (kind, text)


def test_an_error_that_another_exception_covered_is_found_in_the_text() -> None:
    def work() -> None:
        try:
            fail(2)
        finally:
            raise ValueError("while closing")

    trace = "".join(traceback.format_exception(raised(work)))
    found = original_error(RuntimeError(trace))
    assert (type(found), str(found)) == (IntegrityError, MESSAGE)


@pytest.mark.parametrize(
    "text", ["", "no such thing", "transforms.errors.NoSuchError: x", "transforms.errors.UsageError"]
)
def test_text_without_an_error_of_ours_leaves_the_exception_alone(text: str) -> None:
    error = RuntimeError(text)
    assert original_error(error) is error
