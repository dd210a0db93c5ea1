"""A job's failure is the error that a worker raised, whichever way the engine hands it on."""

import logging
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import apache_beam as beam
import grpc
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability.api import beam_fn_api_pb2_grpc as fn_api
from apache_beam.runners.worker.data_plane import BeamFnDataServicer, GrpcClientDataChannel
from apache_beam.runners.worker.worker_id_interceptor import WorkerIdInterceptor
from hypothesis import given
from hypothesis import strategies as st

from pipelines.command.job.run import original_error, run_job
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
    assert "IntegrityError" not in caplog.text


@pytest.mark.parametrize("raised", ["KeyError: 'bundle_30'", "RuntimeError: Channel closed prematurely."])
def test_a_bundle_that_outlives_its_worker_is_no_news(raised: str, caplog: pytest.LogCaptureFixture) -> None:
    run(beam.Map(str))
    worker = logging.getLogger("apache_beam.runners.worker.sdk_worker")
    worker.error("Error processing instruction bundle_30. Original traceback is\n%s\n", raised)
    worker.error("KeyError: 'other'")
    # Threads of other tests' jobs may log still.
    own = [record.getMessage() for record in caplog.records if record.thread == threading.get_ident()]
    assert own == ["KeyError: 'other'"]


class Refusing(BeamFnDataServicer):
    """The engine's end of workers' channels of data, that ends each with one status."""

    def __init__(self, code: grpc.StatusCode) -> None:
        super().__init__()
        self.code = code

    def Data(self, elements: object, context: grpc.ServicerContext) -> NoReturn:  # noqa: N802 - Beam's name
        context.abort(self.code, "the engine's words")


@pytest.mark.parametrize("code", [grpc.StatusCode.CANCELLED, grpc.StatusCode.RESOURCE_EXHAUSTED])
def test_of_a_lost_channel_only_what_no_shutdown_explains_is_news(
    code: grpc.StatusCode, caplog: pytest.LogCaptureFixture
) -> None:
    run(beam.Map(str))
    server = grpc.server(ThreadPoolExecutor(1))
    fn_api.add_BeamFnDataServicer_to_server(Refusing(code), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        worker = GrpcClientDataChannel(fn_api.BeamFnDataStub(channel))
        worker.wait(60)
    server.stop(None).wait()
    assert ("the engine's words" in caplog.text) is (code is not grpc.StatusCode.CANCELLED)


def test_a_server_that_was_shut_down_under_a_worker_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    run(beam.Map(str))
    engine, server = BeamFnDataServicer(), grpc.server(ThreadPoolExecutor(1))
    fn_api.add_BeamFnDataServicer_to_server(engine, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    channel = grpc.intercept_channel(grpc.insecure_channel(f"127.0.0.1:{port}"), WorkerIdInterceptor("worker"))
    worker = GrpcClientDataChannel(fn_api.BeamFnDataStub(channel))
    sent = worker.output_stream("1", "step")
    sent.write(b"element")
    sent.close()
    assert len(list(engine.get_conn_by_worker_id("worker").input_elements("1", ["step"]))) == 1
    server.stop(None).wait()
    with pytest.raises(RuntimeError, match="Channel closed prematurely"):
        list(worker.input_elements("2", ["step"]))
    worker.wait(60)
    assert "data plane" not in caplog.text


def test_a_job_that_failed_only_of_lost_channels_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang_up(self: GrpcClientDataChannel, elements: object) -> None:
        self._closed = True

    monkeypatch.setattr(GrpcClientDataChannel, "set_inputs", hang_up)
    with pytest.raises(RuntimeError, match="Channel closed prematurely"):
        run(beam.Map(str), "--direct_running_mode=multi_threading", "--direct_num_workers=2")


def test_only_a_thread_of_beams_that_an_engine_hung_up_on_ends_in_silence() -> None:
    code = (
        "import grpc, threading; from pipelines.command.job.run import _quiet_threads\n"
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


@pytest.mark.usefixtures("heeded_signals")
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 130), ("SIGHUP", 129)])
def test_a_signal_ends_a_running_job_with_its_code(name: str, code: int) -> None:
    program = (
        "import os, signal, sys, threading\n"
        "import apache_beam as beam\n"
        "from apache_beam.options.pipeline_options import PipelineOptions\n"
        "from pipelines.command.exit_codes import run_command\n"
        "from pipelines.command.job.run import run_job\n"
        "def wait(element):\n"
        f"    os.kill(os.getpid(), signal.{name})\n"
        "    threading.Event().wait(120)\n"
        "def main(argv):\n"
        "    p = beam.Pipeline(options=PipelineOptions(['--runner=FnApiRunner']))\n"
        "    p | beam.Create([1]) | beam.Map(wait)\n"
        "    run_job(p)\n"
        "    return 0\n"
        "sys.exit(run_command(main, []))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=300, check=False
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
