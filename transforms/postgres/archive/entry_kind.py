"""Checks that an archive's entries hold only the statements that pg_dump writes for their kind.

Source of the table: pg_dump 12 to 18, `src/bin/pg_dump/pg_dump.c` and `dumputils.c`, without what only
`--binary-upgrade` writes, which changes the catalogs directly.
"""

import re
from collections.abc import Iterable

from transforms.errors import IntegrityError, RefusedError
from transforms.postgres.archive.sql_script import statements
from transforms.postgres.archive.toc import Entry

_NAME = r'(?:"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)'
_TABLE = ("ALTER( FOREIGN)? TABLE",)
# Kind of entry: what its statements begin with. Those of a kind that is not listed begin with CREATE and the kind.
_BEGINNINGS: dict[str, tuple[str, ...]] = {
    "ACL": ("GRANT", "REVOKE", f"SET SESSION AUTHORIZATION {_NAME}$", "RESET SESSION AUTHORIZATION$"),
    "CHECK CONSTRAINT": (*_TABLE, "ALTER DOMAIN"),
    "COMMENT": ("COMMENT ON",),
    "CONSTRAINT": (*_TABLE, "ALTER INDEX"),
    "CONVERSION": ("CREATE( DEFAULT)? CONVERSION",),
    "DEFAULT": _TABLE,
    "DEFAULT ACL": ("ALTER DEFAULT PRIVILEGES",),
    "EVENT TRIGGER": ("CREATE EVENT TRIGGER", "ALTER EVENT TRIGGER"),
    "FK CONSTRAINT": _TABLE,
    "FOREIGN TABLE": ("CREATE FOREIGN TABLE", *_TABLE),
    "FUNCTION": ("CREATE FUNCTION", "ALTER FUNCTION"),
    "INDEX": ("CREATE( UNIQUE)? INDEX", "ALTER INDEX", *_TABLE),
    "INDEX ATTACH": ("ALTER INDEX",),
    "MATERIALIZED VIEW": ("CREATE MATERIALIZED VIEW", "ALTER MATERIALIZED VIEW", *_TABLE),
    "OPERATOR FAMILY": ("CREATE OPERATOR FAMILY", "ALTER OPERATOR FAMILY"),
    "PROCEDURAL LANGUAGE": ("CREATE( OR REPLACE)?( TRUSTED)? PROCEDURAL LANGUAGE",),
    "PROCEDURE": ("CREATE PROCEDURE", "ALTER PROCEDURE"),
    "PUBLICATION TABLE": ("ALTER PUBLICATION",),
    "PUBLICATION TABLES IN SCHEMA": ("ALTER PUBLICATION",),
    "ROW SECURITY": _TABLE,
    "RULE": ("CREATE RULE", "CREATE OR REPLACE VIEW", *_TABLE),
    "SECURITY LABEL": ("SECURITY LABEL",),
    "SEQUENCE": ("CREATE( UNLOGGED)? SEQUENCE", "ALTER SEQUENCE", *_TABLE),
    "SEQUENCE OWNED BY": ("ALTER SEQUENCE",),
    "SHELL TYPE": ("CREATE TYPE",),
    "STATISTICS": ("CREATE STATISTICS", "ALTER STATISTICS"),
    "TABLE": ("CREATE( UNLOGGED)? TABLE", *_TABLE),
    "TABLE ATTACH": _TABLE,
    "TEXT SEARCH CONFIGURATION": ("CREATE TEXT SEARCH CONFIGURATION", "ALTER TEXT SEARCH CONFIGURATION"),
    "TRIGGER": ("CREATE( CONSTRAINT)? TRIGGER", *_TABLE, "ALTER TRIGGER"),
    "VIEW": ("CREATE VIEW", *_TABLE),
}
_CREATED = (
    "ACCESS METHOD", "AGGREGATE", "CAST", "COLLATION", "DOMAIN", "EXTENSION", "FOREIGN DATA WRAPPER", "OPERATOR",
    "OPERATOR CLASS", "POLICY", "PUBLICATION", "SCHEMA", "SERVER", "SUBSCRIPTION", "TEXT SEARCH DICTIONARY",
    "TEXT SEARCH PARSER", "TEXT SEARCH TEMPLATE", "TRANSFORM", "TYPE", "USER MAPPING",
)  # fmt: skip


def _pattern(beginnings: Iterable[str]) -> re.Pattern[bytes]:
    return re.compile("|".join(rf"{words}(?![\w])" for words in beginnings).encode())


_PATTERNS = {kind: _pattern(words) for kind, words in _BEGINNINGS.items()}
_PATTERNS |= {kind: _pattern([f"CREATE {kind}"]) for kind in _CREATED}
KINDS = frozenset(_PATTERNS)
# The signature for ALTER .. OWNER is taken from the entry's DROP statement.
_DROP = re.compile(rb"DROP (AGGREGATE|FUNCTION|OPERATOR|OPERATOR CLASS|OPERATOR FAMILY|PROCEDURE) ")
_DROPPED = frozenset({"AGGREGATE", "FUNCTION", "OPERATOR", "OPERATOR CLASS", "OPERATOR FAMILY", "PROCEDURE"})
_ADVICE = "Nothing of it is run. Verify the backup, and ask who wrote it: an archive holds SQL that a restore runs."


def check(entries: Iterable[Entry]) -> None:
    """Check that entries hold what pg_dump writes for their kind; the server judges their names and expressions.

    Raises:
        IntegrityError: naming an entry that holds anything else.
        RefusedError: naming an entry of an unknown kind.
    """
    for entry in entries:
        _check(entry)


def _check(entry: Entry) -> None:
    pattern = _PATTERNS.get(entry.kind)
    if pattern is None:
        raise RefusedError(
            f"{entry}: this release does not know this kind of archive entry: restore with a newer one, or choose"
            " tables with --table."
        )
    for statement in _cut(entry, entry.statement):
        if not pattern.match(statement):
            raise _foreign(entry, f"pg_dump writes no such statement for it: {_beginning(statement)}")
    if entry.kind in _DROPPED:
        _check_drop(entry)


def _check_drop(entry: Entry) -> None:
    drops = _cut(entry, entry.drop)
    if len(drops) > 1 or not all(map(_DROP.match, drops)):
        raise _foreign(entry, f"pg_dump writes no such DROP for it: {_beginning(entry.drop.encode(errors='replace'))}")


def _cut(entry: Entry, text: str) -> list[bytes]:
    try:
        return statements(text.encode("utf-8", "surrogateescape"))
    except ValueError as error:
        raise _foreign(entry, str(error)) from error


def _foreign(entry: Entry, why: str) -> IntegrityError:
    return IntegrityError(f"The archive's entry {entry.number}, {entry}: {why}. {_ADVICE}")


def _beginning(statement: bytes) -> str:
    return repr(statement[:60].decode("utf-8", "replace"))
