"""Java programs of Flink and Beam in processes of their own, whose output is read as long as they run."""

import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers import provision
from tests.servers.flink import tool
from transforms.errors import UnreachableError

# What Flink's own scripts and Beam's job server open of Java 17 to reflection.
OPENED = ("io", "lang", "lang.invoke", "lang.reflect", "math", "net", "nio", "text", "time", "util")
OPENED_TOO = ("util.concurrent", "util.concurrent.atomic", "util.concurrent.locks")
SHOWN = 40


def java(libraries: Path, main: str, heap: str, settings: Sequence[str], *argv: str) -> list[str]:
    """A command that runs a class of a folder of jars, with so much memory and with settings of Java."""
    opened = [f"--add-opens=java.base/java.{each}=ALL-UNNAMED" for each in (*OPENED, *OPENED_TOO)]
    path = ["-cp", f"{libraries}/*"]
    return [tool("java", "Java 11 or 17"), f"-Xmx{heap}", "-XX:+UseSerialGC", *opened, *settings, *path, main, *argv]


@dataclass
class Program:
    """A running program, with the last lines that it wrote.

    Attributes:
        process: It.
        lines: The last lines.
    """

    process: "subprocess.Popen[str]"
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=SHOWN))

    def await_line(self, words: str) -> str:
        """The next line with these words.

        Raises:
            UnreachableError: if the program ends without one; what it said is in the message.
        """
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if words in line:
                threading.Thread(target=self.lines.extend, args=[self.process.stdout], daemon=True).start()
                return line
        raise UnreachableError(f"{self.process.args!r} ended without {words!r}:\n{''.join(self.lines)}")


@contextmanager
def running(command: Sequence[str], words: str) -> Iterator[tuple[Program, str]]:
    """Run a program; gives it with the line of its output that has these words, and ends it."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    program = Program(process)
    try:
        yield program, program.await_line(words)
    finally:
        provision.end(process)
