"""A stand-in for Google's cloud-sql-proxy: takes the same arguments, asks no service, and misbehaves on demand.

It is run as a program, by its path. `CLOUD_SQL_STAND_IN` holds a JSON object:

    instance     the connection name that it knows
    forward      host and port of the server behind it
    report       a file to which it appends a line of JSON when it starts: pid, argv, environment
    mode         "": it works;  "dies": it ends at its start;  "silent": it never listens;  "deaf": it ignores SIGTERM;
                 "hangs up": it closes each connection and says why;  "tires": it ends after `connections` of them
    connections  see "tires"
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

VARIABLE = "CLOUD_SQL_STAND_IN"
SOCKET = ".s.PGSQL.5432"
NOT_FOUND = "googleapi: Error 404: The Cloud SQL instance does not exist., instanceDoesNotExist"
NO_SUCH_IP = 'Config error: instance does not have IP of type "PRIVATE"'


def main(argv: Sequence[str]) -> int:
    """Run until a signal, or until the mode says so; the exit code."""
    settings = json.loads(os.environ[VARIABLE])
    arguments = parsed(argv)
    name, _, query = arguments.instance.partition("?")
    report(Path(settings["report"]), argv)
    if settings["mode"] == "dies" or name != settings["instance"]:
        say(f"[{name}] could not resolve instance version: {NOT_FOUND}")
        say(
            f"The proxy has encountered a terminal error: unable to start: [{name}] Unable to mount socket: {NOT_FOUND}"
        )
        return 1
    if settings["mode"] == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if settings["mode"] == "silent":
        signal.pause()
    asyncio.run(Forwarder(name, settings).serve(Path(parse_qs(query)["unix-socket-path"][0])))
    return 1


def parsed(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments that Shardkeep uses; any other is refused, as the proxy refuses unknown ones."""
    parser = argparse.ArgumentParser("cloud-sql-proxy", allow_abbrev=False)
    for flag in ("--quiet", "--private-ip", "--psc", "--auto-iam-authn"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("instance")
    return parser.parse_args(argv)


def report(path: Path, argv: Sequence[str]) -> None:
    """Tell the test who runs and how."""
    with path.open("a") as file:
        file.write(json.dumps({"pid": os.getpid(), "argv": list(argv), "environment": dict(os.environ)}) + "\n")


def say(line: str) -> None:
    """An error, as the proxy writes its own."""
    print(f"2026/11/26 22:28:14 {line}", file=sys.stderr, flush=True)


class Forwarder:
    """A socket in a folder of its own, whose connections are forwarded."""

    def __init__(self, name: str, settings: dict[str, Any]) -> None:
        self._name, self._settings = name, settings
        self._left = settings["connections"]
        self._tired = asyncio.Event()

    async def serve(self, folder: Path) -> None:
        """Take connections until it is tired."""
        folder.mkdir()
        async with await asyncio.start_unix_server(self._take, folder / SOCKET):
            await self._tired.wait()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._settings["mode"] == "hangs up":
            say(f"[{self._name}] failed to connect to instance: {NO_SUCH_IP}")
        else:
            server_reader, server_writer = await asyncio.open_connection(*self._settings["forward"])
            await asyncio.gather(pump(reader, server_writer), pump(server_reader, writer))
        writer.close()
        self._left -= 1
        if self._settings["mode"] == "tires" and self._left <= 0:
            self._tired.set()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until one side has enough, then close the other."""
    with suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
