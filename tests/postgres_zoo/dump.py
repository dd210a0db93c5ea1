"""A database as a sorted list of texts, so that two of them can be compared."""

import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.servers.postgres_server import Binaries

RESTRICT_KEY = "zoo"
# pg_dump writes this comment before each entry of its table of contents; line breaks in names are blanks there.
_HEADER = re.compile(r"^--\n-- (?:Data for )?(Name: .*; Type: (.*?); Schema: .*)\n--\n", re.MULTILINE)
# What is set for the entry that follows stands before that entry's comment, behind the entry before it.
_SET_FOR_THE_NEXT = re.compile(r"^SET default_(?:tablespace|table_access_method) = .*;\n", re.MULTILINE)
_FOOTER = "--\n-- PostgreSQL database dump complete\n--\n"
_ENCODING = re.compile(r"^SET client_encoding = .*;$", re.MULTILINE)
_COPY = re.compile(r"^COPY .* FROM stdin;$", re.MULTILINE)
_UNORDERED = ("ACL", "DEFAULT ACL")
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the dump: its comment, its type (`TABLE`), and its statements."""

    header: str
    type: str
    text: str


def normalised_dump(client: Binaries, url: str) -> list[str]:
    """What `pg_dump` says of a whole database, schema and data, in an order that does not depend on how it was made.

    Each entry of the dump is one text and each row of each table another, behind the COPY statement that loads it; rows
    of partitions stand under their root, for the hash of an enumeration differs from one database to the next.

    Args:
        client: The installation whose `pg_dump` is used; the same one for all databases that are compared.
        url: The database, read by a superuser.
    """
    dump = _pg_dump(client, url)
    start = next(_HEADER.finditer(dump)).start()
    lines = _ENCODING.findall(dump[:start])
    for entry in _entries(dump[start:].split(_FOOTER)[0]):
        lines.extend(_texts(entry))
    return sorted(lines)


def differences(one: Sequence[str], other: Sequence[str]) -> list[str]:
    """What stands in one dump alone (`- ...`) and in the other alone (`+ ...`), shortened for people."""
    mine, theirs = Counter(one), Counter(other)
    lost = [f"- {text[:_LONGEST]}" for text in (mine - theirs).elements()]
    return lost + [f"+ {text[:_LONGEST]}" for text in (theirs - mine).elements()]


def _pg_dump(client: Binaries, url: str) -> str:
    program = client.path("pg_dump")
    command = [program, "--load-via-partition-root", "--no-password", f"--dbname={url}"]
    if "--restrict-key" in subprocess.check_output([program, "--help"], text=True):
        command.append(f"--restrict-key={RESTRICT_KEY}")
    done = subprocess.run(command, check=True, capture_output=True)
    return done.stdout.decode("utf-8", "surrogateescape")


def _entries(dump: str) -> Iterator[Entry]:
    _, *parts = _HEADER.split(dump)
    set_before = ""
    for header, kind, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        words = text if kind == "TABLE DATA" else _SET_FOR_THE_NEXT.sub("", text)
        unusual = set_before if kind in ("TABLE", "MATERIALIZED VIEW") else ""
        yield Entry(header, kind, f"{words.strip()}{unusual}")
        set_before = _access_method(text, set_before)


def _access_method(text: str, before: str) -> str:
    """The statement that sets another access method than the usual one, as of the end of an entry."""
    found = [line for line in _SET_FOR_THE_NEXT.findall(text) if "access_method" in line]
    return before if not found else "" if found[-1].endswith("= heap;\n") else f"\n{found[-1].rstrip()}"


def _texts(entry: Entry) -> Iterator[str]:
    if copy := _COPY.search(entry.text):
        yield copy[0]
        rows = entry.text[copy.end() + 1 :].split("\n")
        yield from (f"{copy[0]} {row}" for row in rows[: rows.index("\\.")])
    else:
        lines = sorted(entry.text.split("\n")) if entry.type in _UNORDERED else [entry.text]
        yield "\n".join([entry.header, *lines])
