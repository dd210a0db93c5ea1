"""SQL names: how they are written for people, parsed, and put into statements.

Statements are made of `psycopg.sql` pieces. Its own `Identifier` and `Literal` go through the
encoding of a connection, which for an SQL_ASCII database is ASCII; the pieces here are bytes as they
came from the server: UTF-8, or anything else as surrogate escapes.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from psycopg import sql
from psycopg.abc import AdaptContext

from transforms.errors import IntegrityError, UsageError

# A name that SQL takes without quotes, if it is no keyword (PostgreSQL's documentation, 4.1.1).
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")
# Appendix C of PostgreSQL's documentation: reserved, or not usable as the name of a table or a column.
_KEYWORDS = (
    "all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case"
    " cast char character check coalesce collate collation column concurrently constraint create cross current_catalog"
    " current_date current_role current_schema current_time current_timestamp current_user dec decimal default"
    " deferrable desc distinct do else end except exists extract false fetch float for foreign freeze from full grant"
    " greatest group grouping having ilike in initially inner inout int integer intersect interval into is isnull join"
    " json json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize"
    " json_table json_value lateral leading least left like limit localtime localtimestamp merge_action national"
    " natural nchar none normalize not notnull null nullif numeric offset on only or order out outer overlaps overlay"
    " placing position precision primary real references returning right row select session_user setof similar"
    " smallint some substring symmetric system_user table tablesample then time timestamp to trailing treat trim true"
    " union unique user using values varchar variadic verbose when where window with xmlattributes xmlconcat"
    " xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable"
)
KEYWORDS = frozenset(_KEYWORDS.split())
# Runs outside quotes that a name may contain; other signs need quotes. The second alternative is quoted text.
_PIECE = re.compile(r'([\w$*?]+)|"((?:[^"]|"")*)"', re.ASCII)
_NON_ASCII = re.compile(r"[^\x00-\x7f]+")


class Bytes(sql.Composable):
    """Text of a statement as it is; surrogate escapes are bytes that are not UTF-8."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def as_bytes(self, context: AdaptContext | None = None) -> bytes:
        """The statement's bytes, whatever the connection's encoding."""
        return statement_bytes(self.text)

    def as_string(self, context: AdaptContext | None = None) -> str:
        """The text itself."""
        return self.text


def statement_bytes(text: str) -> bytes:
    """A statement, or a piece of one, as bytes.

    Raises:
        IntegrityError: if it contains a zero byte, where libpq would cut the statement off, or half a surrogate pair.
    """
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise IntegrityError(f"{text[:40]!r} is no text of a database.") from error
    if b"\0" in data:
        raise IntegrityError(f"{text[:40]!r} holds a zero byte, which no name and no text of PostgreSQL has.")
    return data


def identifier(*parts: str) -> Bytes:
    """A name in a statement, always quoted."""
    return Bytes(".".join(always_quoted(part) for part in parts))


def literal(text: str) -> Bytes:
    """A text in a statement, whatever `standard_conforming_strings` says."""
    doubled = text.replace("'", "''")
    return Bytes(" E'" + doubled.replace("\\", "\\\\") + "'" if "\\" in text else f"'{doubled}'")


def always_quoted(part: str) -> str:
    """One part of a name between quotes."""
    return '"' + part.replace('"', '""') + '"'


def quoted(part: str) -> str:
    """One part of a name for people: between quotes if SQL needs them."""
    return part if _PLAIN.match(part) and part not in KEYWORDS else always_quoted(part)


def is_systems(schema: str) -> bool:
    """Whether a schema is the server's own; rows of its tables are not backed up."""
    return schema.startswith("pg_") or schema == "information_schema"


@dataclass(frozen=True, order=True, slots=True)
class Name:
    """The exact, unquoted name of something in a schema."""

    schema: str
    name: str

    def sql(self) -> sql.Composable:
        """The name in a statement."""
        return identifier(self.schema, self.name)

    def __str__(self) -> str:
        """The name as SQL takes it: `public.orders`, `"My Schema"."T"`."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of characters of a written name; outside quotes it is folded to lower case."""

    text: str
    is_quoted: bool


def parse_name(text: str, option: str) -> tuple[str, ...]:
    """The exact parts of a name in SQL's syntax: ASCII is folded to lower case outside quotes.

    Args:
        text: A name such as `public."My Table"`.
        option: The option, for the error.

    Raises:
        UsageError: if it is not a name.
    """
    parts, rest = parse_segments(text, option)
    if rest:
        raise _malformed(text, option)
    if any(sign in segment.text for part in parts for segment in part if not segment.is_quoted for sign in "*?"):
        raise UsageError(f"--{option}={text}: * and ? are no part of a name here. Write one name, or quote them.")
    return tuple("".join(segment.text for segment in part) for part in parts)


def parse_segments(text: str, option: str) -> tuple[list[list[Segment]], str]:
    """The parts of a name at the start of `text`, each in segments, and what follows it.

    Raises:
        UsageError: if there is no name at the start.
    """
    parts: list[list[Segment]] = [[]]
    at = 0
    while at < len(text):
        if found := _match(text, at):
            segment, at = found
            parts[-1].append(segment)
        elif text[at] == "." and parts[-1]:
            parts.append([])
            at += 1
        else:
            break
    if not all(any(segment.text for segment in part) for part in parts):
        raise _malformed(text, option)
    return parts, text[at:]


def _match(text: str, at: int) -> tuple[Segment, int] | None:
    if found := _NON_ASCII.match(text, at):
        return Segment(found[0], False), found.end()
    if found := _PIECE.match(text, at):
        is_quoted = found[1] is None
        return Segment(found[2].replace('""', '"') if is_quoted else found[1].lower(), is_quoted), found.end()
    return None


def _malformed(text: str, option: str) -> UsageError:
    return UsageError(
        f"--{option}={text}: no name in SQL's syntax. Write SCHEMA.TABLE, and quote what SQL quotes:"
        f" --{option}='\"My Schema\".orders'."
    )


def name_list(names: Iterable[object], most: int = 20) -> str:
    """The first `most` names for people, in their order; `none` if there are none."""
    every = [str(name) for name in names]
    return ", ".join(every[:most]) + (f", ... ({len(every)} in all)" if len(every) > most else "") or "none"
