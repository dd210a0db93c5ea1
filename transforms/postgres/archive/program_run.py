"""Runs a client program to its end, or until the server that it waits for is given up."""

import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from transforms.postgres.server.silence import Silence


class GivenUpError(Exception):
    """Why a program was killed before it had ended."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A program's exit code and output."""

    code: int
    output: bytes
    errors: bytes


def run(command: Sequence[str], environment: Mapping[str, str], silence: Silence) -> Ended:
    """Run a program; it is killed if the caller is interrupted or the server is given up.

    Args:
        command: Its path and its arguments.
        environment: Its environment.
        silence: Decides when to give up the server; the program's output does not count.

    Raises:
        GivenUpError: if the server has stopped working for it.
    """
    pipe = subprocess.PIPE
    nothing = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=nothing, stdout=pipe, stderr=pipe, env=environment) as running:  # noqa: S603
        try:
            output, errors = _awaited(running, silence)
        except BaseException:
            running.kill()
            raise
    return Ended(running.returncode, output, errors)


def _awaited(running: "subprocess.Popen[bytes]", silence: Silence) -> tuple[bytes, bytes]:
    while True:
        with suppress(subprocess.TimeoutExpired):
            return running.communicate(timeout=silence.limit)
        if why := silence.judge():
            raise GivenUpError(why)
