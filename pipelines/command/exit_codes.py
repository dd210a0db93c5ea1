"""How a command ends: its exit code, and one clear error for people or for a program."""

import contextlib
import gc
import itertools
import json
import signal
import sys
import traceback
from collections.abc import Callable, Sequence

from pipelines.command.job.launch import error_line, is_launch
from pipelines.command.job.signals import HungUp, Terminated, noted_signals
from pipelines.command.print.safe_stream import safe_streams
from transforms.errors import ShardkeepError

# A shell reports a process ended by signal n as 128 + n: POSIX, "Exit Status for Commands".
_INTERRUPTED = 128 + signal.SIGINT
_TERMINATED = 128 + signal.SIGTERM
_HUNG_UP = 128 + signal.SIGHUP
_UNREAD = 128 + signal.SIGPIPE
_FAULT = 1

# The documents of a backup of thousands of tables become millions of values without cycles. With Python's default of
# 700 the garbage collector scans them again and again, which takes a tenth of the time of such a backup.
_COLLECT_AFTER = 50_000


def run_command(main: Callable[[Sequence[str]], int], argv: Sequence[str] | None = None) -> int:
    """Run a command and turn its outcome into an exit code.

    A `ShardkeepError` is printed to stderr as one error without a traceback; an exception of any
    other class is a bug in Shardkeep and is printed with its traceback. With `--json` an object
    `{"error": {"code": int, "message": str}}` goes to stdout as well.

    Args:
        main: The command; it gets the arguments and returns an exit code.
        argv: The arguments; those of the process if None.

    Returns:
        What `main` returned; the error's own code; 129, 130 or 143 if interrupted; 141 if the reader of the output
        closed it early, as in `| head`; else 1.
    """
    gc.set_threshold(_COLLECT_AFTER)
    arguments = sys.argv[1:] if argv is None else argv
    with safe_streams() as is_unread, noted_signals() as arrived:
        try:
            code = main(arguments)
        except SystemExit as exit:
            code = exit.code if isinstance(exit.code, int) else _FAULT if exit.code else 0
        except BaseException as error:
            lost = isinstance(error, BrokenPipeError) and is_unread()
            code = _UNREAD if lost else _report(arrived() or error, _wants_json(arguments), is_launch(arguments))
        return (code or _UNREAD) if is_unread() else code


def _report(error: BaseException, as_json: bool, to_launcher: bool) -> int:
    code, message = _outcome(error)
    if code == _FAULT and not isinstance(error, ShardkeepError):
        with contextlib.suppress(OSError):
            traceback.print_exception(error)
    text = f"shardkeep: {message}"
    with contextlib.suppress(OSError):  # the terminal or the reader is gone: the exit code still reports it
        if as_json:
            print(json.dumps({"error": {"code": code, "message": message}}), flush=True)
    with contextlib.suppress(OSError):
        print(error_line(text) if to_launcher else text, file=sys.stderr, flush=True)
    return code


def _outcome(error: BaseException) -> tuple[int, str]:
    if isinstance(error, ShardkeepError):
        return error.exit_code, str(error)
    if isinstance(error, KeyboardInterrupt):
        return _INTERRUPTED, "interrupted"
    if isinstance(error, HungUp):
        return _HUNG_UP, str(error)
    if isinstance(error, Terminated):
        return _TERMINATED, "terminated"
    return _FAULT, f"unexpected {type(error).__name__}: {error}"


def _wants_json(arguments: Sequence[str]) -> bool:
    # Not by the parser: the error may be that the options cannot be parsed.
    pairs = itertools.pairwise([*arguments, ""])
    return any(a.lower() == "--json=true" or (a == "--json" and b.lower() != "false") for a, b in pairs)
