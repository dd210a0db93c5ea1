"""One run of a client program, to its end or until the server that it waits for is given up."""

import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from transforms.postgres.server.silence import Silence


class GivenUpError(Exception):
    """Why a program was ended before its end."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What a program left."""

    code: int
    output: bytes
    errors: bytes


def run(command: Sequence[str], environment: Mapping[str, str], silence: Silence) -> Ended:
    """Run a program; if the caller is interrupted, or it is given up, it is ended by force.

    Args:
        command: Its path and its arguments.
        environment: Its environment.
        silence: Judges the server of its session, whatever it writes meanwhile.

    Raises:
        GivenUpError: if the server does nothing for it.
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
