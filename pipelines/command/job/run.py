"""A Beam job, run to its end; an error of ours in a worker is raised here again, in its own class.

Engines pass a worker's exception on in different ways: Beam rebuilds it with the step's name after
the message, workers in other processes and on other machines send the traceback as text, and it is
raised from `run()` or from `wait_until_finish()`. Here all of them become what the worker raised.
"""

from __future__ import annotations

import functools
import logging
import re
import signal
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from transforms import errors
from transforms.errors import ShardkeepError

if TYPE_CHECKING:
    import apache_beam as beam
    from apache_beam.runners.runner import PipelineResult

_LOG = logging.getLogger("shardkeep")
# Beam's `DoFnRunner._reraise_augmented` (apache_beam/runners/common.py) appends this to the message.
_STEP = re.compile(r" \[while running '.*?'\]", re.DOTALL)
# The last line of a traceback, and what the traceback module prints between two chained ones.
# Prism writes JSON, in which a line break is the two characters \n.
_RAISED = re.compile(r"(?:\b|\\n)transforms\.errors\.(\w+): ")
_NOISE = re.compile(r"\n+(?:During handling of the above|The above exception was|Traceback \(most recent call)")
_PRISM = "PrismJobServer"
# The lines of a traceback that a worker of Prism prints, one record each, except the one that names the exception.
_FRAME = re.compile(r" |$|Traceback |During handling of the above|The above exception was")
# Beam logs the traceback of every failed bundle from these modules; Prism's own messages come from the last two.
_BUNDLE_LOGGERS = (
    "apache_beam.runners.common",
    "apache_beam.runners.worker.sdk_worker",
    "apache_beam.runners.worker.data_plane",
    "apache_beam.runners.portability.local_job_service",
    _PRISM,
    "root",
)
# The first two are logged once for every local worker process without a container: at its start, and when Prism ends
# it. The rest is about bundles whose worker is shut down because another one failed: one that ends
# (`BundleProcessorCache.release`), and one that waits for input (`_GrpcDataChannel.input_elements`). If a job fails
# because a channel was lost, its error says so.
_HARMLESS = re.compile(
    r"No semi_persistent_directory found|signal: killed"
    r"|\bKeyError: 'bundle_\w+'|\bRuntimeError: Channel closed prematurely\."
)
# Threads of `sdk_worker` and `data_plane`, in apache_beam/runners/worker.
_ENGINE_THREADS = ("run_worker_", "read_grpc_client_inputs")

DONE = "DONE"
"""Beam's `PipelineState.DONE`."""


def run_job(pipeline: beam.Pipeline, *, wait: bool = True) -> None:
    """Run a pipeline and wait until it is done, or, as a launcher does, only stage it.

    An interruption cancels the job, if the engine has taken it.

    Raises:
        ShardkeepError: What a worker raised, in its own class; or the job ended in another state than DONE.
        BaseException: Whatever else ended the job.
    """
    _quiet_bundles()
    _quiet_threads()
    interrupt, result = signal.getsignal(signal.SIGINT), None
    try:
        result = pipeline.run()
        _take_back(interrupt)
        state = result.wait_until_finish() if wait else DONE
    except BaseException as error:
        original = original_error(error)
        if result is not None and not isinstance(original, Exception):
            _cancel(result)
        if original is error:
            raise
        raise original from error
    if state != DONE:
        raise ShardkeepError(f"the job ended as {state}, not as DONE; the runner's log says why")


def _take_back(interrupt: object) -> None:
    """Restore our SIGINT handler: Beam's job servers replace it and stop the engine before the job is cancelled."""
    if interrupt is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, interrupt)  # type: ignore[arg-type]  # what `getsignal` has returned


def _cancel(result: PipelineResult) -> None:
    try:
        result.cancel()
    except Exception as error:  # for example, the same signal has ended the engine
        _LOG.debug("the job could not be cancelled", exc_info=error)
        _LOG.warning("The engine did not take the order to cancel the job (%s).", type(error).__name__)


def original_error(error: BaseException) -> BaseException:
    """What a worker raised, found in what the engine raised.

    Args:
        error: An exception of `run()` or `wait_until_finish()`.

    Returns:
        The first of our errors, or the interruption, in the chain of exceptions; else the last of our errors in the
        text of a traceback, as a new object of its class; else the exception itself.
    """
    chain = list(_chain(error))
    ours = [link for link in chain if isinstance(link, ShardkeepError) or not isinstance(link, Exception)]
    as_raised = [link for link in ours if not _STEP.search(str(link))]
    rebuilt = (rebuild for link in chain if (rebuild := _rebuild(link)) is not None)
    return as_raised[0] if as_raised else next(rebuilt, error)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _rebuild(error: BaseException) -> ShardkeepError | None:
    if isinstance(error, ShardkeepError):
        return type(error)(_message(str(error)))
    for raised in reversed(list(_RAISED.finditer(str(error)))):
        kind = getattr(errors, raised[1], None)
        if isinstance(kind, type) and issubclass(kind, ShardkeepError):
            return kind(_message(str(error)[raised.end() :]))
    return None


def _message(text: str) -> str:
    step = _STEP.search(text)
    return _NOISE.split(text[: step.start()] if step else text, maxsplit=1)[0].rstrip()


def _quiet_threads() -> None:
    """Keep Beam's threads that talk to an engine from printing that it hung up: every engine does so at its end."""
    if getattr(threading.excepthook, "func", None) is not _unless_hung_up:
        threading.excepthook = functools.partial(_unless_hung_up, threading.excepthook)


def _unless_hung_up(hook: Callable[[threading.ExceptHookArgs], object], ended: threading.ExceptHookArgs) -> None:
    import grpc

    of_engine = ended.thread is not None and ended.thread.name.startswith(_ENGINE_THREADS)
    if not (of_engine and isinstance(ended.exc_value, grpc.RpcError)):
        hook(ended)


def _is_hang_up(error: BaseException) -> bool:
    """Whether a call ended because the other side did; other errors, such as a message too large, must be shown."""
    import grpc

    codes = (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE)
    # The serving side gets an error without details.
    return isinstance(error, grpc.RpcError) and (not isinstance(error, grpc.Call) or error.code() in codes)


def _quiet_bundles() -> None:
    """Keep Beam from logging tracebacks of our own errors: the command prints the error once.

    The filter is never removed: a worker's thread may log after the job has ended. Adding it twice changes nothing.
    """
    for name in _BUNDLE_LOGGERS:
        logging.getLogger(name).addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    raised = record.exc_info[1] if record.exc_info else None
    interrupted = raised is not None and not isinstance(raised, Exception)
    text = record.getMessage()
    told = (record.name == _PRISM and _FRAME.match(text)) or _RAISED.search(text) or _HARMLESS.search(text)
    return not (isinstance(record.msg, ShardkeepError) or interrupted or told or (raised and _is_hang_up(raised)))
