"""Finds names in the SQL that pg_dump writes, as the server's lexer does, and replaces them.

pg_dump writes every object's name with its schema. Only the given names are replaced, so a column `orders.id` of a
table `orders` stays, unless a schema `orders` has an object `id` that moves; then the server refuses the statement.
Strings, which include the bodies of functions, stay as they are, except where the string is a name:
`'public.orders_id_seq'::regclass`.
"""

import re
from collections.abc import Mapping

from transforms.postgres.names.identifiers import Name, always_quoted

# 4.1 of PostgreSQL's documentation: identifiers, constants, operators.
_IDENTIFIER = r'(?:"(?:[^"]|"")+"|[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*)'
_OPERATOR = r"[-+*/<>=~!@#%^&|`?]+"
_TOKEN = re.compile(
    rf"(?P<text>'(?:[^']|'')*')(?P<cast>::reg[a-z]+)?|[eE]'(?:[^'\\]|''|\\.)*'"
    rf"|\$(?P<tag>(?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*)?)\$.*?\$(?P=tag)\$"
    rf"|--[^\n]*|[0-9][A-Za-z0-9_.]*|\.\s*{_IDENTIFIER}(?:\.{_IDENTIFIER})*"
    rf"|SCHEMA\s+(?P<schema>{_IDENTIFIER})(?!\.)"
    rf"|(?P<name>{_IDENTIFIER}(?:\.{_IDENTIFIER})*(?:\.{_OPERATOR})?)",
    re.DOTALL,
)
_PART = re.compile(rf"{_IDENTIFIER}|{_OPERATOR}")


def rewritten(statement: str, names: Mapping[Name, Name], schemas: Mapping[str, str] = {}) -> str:
    """A statement with other names.

    Args:
        statement: What pg_dump wrote.
        names: New names of objects by the old; an operator's name is its symbol.
        schemas: New names of schemas by the old, replaced only after the word `SCHEMA`.
    """

    def replaced(found: re.Match[str]) -> str:
        if found["name"]:
            return _renamed(found["name"], names)
        if found["cast"]:
            inner = rewritten(found["text"][1:-1].replace("''", "'"), names)
            return "'" + inner.replace("'", "''") + "'" + found["cast"]
        if found["schema"] and (new := schemas.get(_plain(found["schema"]))):
            return f"SCHEMA {always_quoted(new)}"
        return found[0]

    return _TOKEN.sub(replaced, statement) if names or schemas else statement


def _renamed(text: str, names: Mapping[Name, Name]) -> str:
    parts = _PART.findall(text) if "." in text else []
    new = names.get(Name(_plain(parts[0]), _plain(parts[1]))) if len(parts) > 1 else None
    if new is None:
        return text
    name = new.name if re.fullmatch(_OPERATOR, parts[1]) else always_quoted(new.name)
    return ".".join([always_quoted(new.schema), name, *parts[2:]])


def _plain(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part


def first_name(statement: str) -> Name | None:
    """The first name with a schema, such as `a.f` in `DROP FUNCTION a.f(b.t)`; None if there is none."""
    for found in _TOKEN.finditer(statement):
        parts = _PART.findall(found["name"] or "")
        if len(parts) > 1:
            return Name(_plain(parts[0]), _plain(parts[1]))
    return None
