"""One run of a client program, to its end or until the server that it waits for is given up."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from transforms.postgres.silence import Silence


class GivenUpError(Exception):
    """Why a program was ended before its end."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What a program left."""

    code: int
    output: bytes
    errors: bytes


def run(command: Sequence[str], environment: Mapping[str, str], input: bytes, silence: Silence | None) -> Ended:
    """Run a program; if the caller is interrupted, or it is given up, it is ended by force.

    Args:
        command: Its path and its arguments.
        environment: Its environment.
        input: What it reads from its standard input.
        silence: Judges the server of its session, whatever it writes meanwhile; None if it has none.

    Raises:
        GivenUpError: if the server does nothing for it.
    """
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment) as running:  # noqa: S603
        try:
            output, errors = _awaited(running, input, silence)
        except BaseException:
            running.kill()
            raise
    return Ended(running.returncode, output, errors)


def _awaited(running: "subprocess.Popen[bytes]", input: bytes, silence: Silence | None) -> tuple[bytes, bytes]:
    if silence is None:
        return running.communicate(input)
    rest: bytes | None = input
    while True:
        try:
            return running.communicate(rest, silence.limit)
        except subprocess.TimeoutExpired:
            rest = None  # it has been taken
        if why := silence.judge():
            raise GivenUpError(why)
