"""The properties of a database itself: encoding, locale, owner, privileges, comment and settings."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from psycopg import sql

from transforms.errors import RefusedError
from transforms.postgres.catalog.json_fields import INT4, SqlFields
from transforms.postgres.catalog.privilege import (
    EXPLODED,
    Privilege,
    Privileges,
    grant_statements,
    privileges_from_json,
    privileges_json,
)
from transforms.postgres.names.identifiers import Bytes, identifier, literal
from transforms.postgres.server.errors import translated
from transforms.postgres.server.session import Connection

PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin", "d": "libc"}
"""Letters of `datlocprovider` (catalog/pg_collation.h)."""
# The whole row as JSON, since major versions differ in the columns for locales.
_ROW = """
    SELECT pg_catalog.to_jsonb(d) - '{datname,datacl}'::pg_catalog.text[], d.datname,
        pg_catalog.pg_encoding_to_char(d.encoding), pg_catalog.pg_get_userbyid(d.datdba), d.datacl IS NOT NULL,
        t.spcname, pg_catalog.shobj_description(d.oid, 'pg_database')
    FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace
    WHERE d.datname = pg_catalog.current_database()
"""
_PRIVILEGES = f"""
    SELECT {EXPLODED} FROM pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) x
    WHERE d.datname = pg_catalog.current_database()
"""  # noqa: S608
_SETTINGS = """
    SELECT CASE s.setrole WHEN 0 THEN '' ELSE pg_catalog.pg_get_userbyid(s.setrole) END, pg_catalog.unnest(s.setconfig)
    FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
    WHERE d.datname = pg_catalog.current_database()
"""
# Their values are lists of quoted names, which SET needs one by one (GUC_LIST_QUOTE; the same list is in pg_dump's
# dumputils.c).
_LISTS = {
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
}
_LIST_ITEM = re.compile(r'\s*("(?:[^"]|"")*"|[^,]*)\s*(?:,|$)')


@dataclass(frozen=True, order=True, slots=True)
class Setting:
    """`ALTER DATABASE ... SET`, or, with a role, `ALTER ROLE ... IN DATABASE ... SET`."""

    role: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class DatabaseProperties:
    """The properties of a database, from the catalog.

    Attributes:
        name: Its name.
        encoding: `UTF8`, `SQL_ASCII`, ...
        provider: What compares texts: `libc`, `icu` or `builtin`.
        collate: `LC_COLLATE`.
        ctype: `LC_CTYPE`.
        locale: The locale of `icu` or `builtin`; empty for `libc`.
        rules: Additional rules of ICU.
        collation_version: The recorded version of its collation; empty if there is none.
        owner: Its owner.
        tablespace: Its tablespace.
        connection_limit: The most connections; -1 for no limit.
        is_template: Whether everybody may clone it.
        privileges: Its privileges.
        comment: Its comment, or None.
        settings: Its settings and those of roles in it, sorted.
    """

    name: str
    encoding: str
    provider: str
    collate: str
    ctype: str
    locale: str
    rules: str
    collation_version: str
    owner: str
    tablespace: str
    connection_limit: int
    is_template: bool
    privileges: Privileges
    comment: str | None
    settings: tuple[Setting, ...]

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {**asdict(self), "privileges": privileges_json(self.privileges)}

    @classmethod
    def from_json(cls, data: Any) -> "DatabaseProperties":  # noqa: ANN401 - it may be anything
        """The inverse of `to_json`; raises ValueError for anything else."""
        fields = SqlFields.of(data, "the database")
        return cls(
            **{name: fields.text(name) for name in _TEXTS},
            name=fields.name("name"),
            provider=fields.word("provider", frozenset(PROVIDERS.values())),
            owner=fields.name("owner"),
            connection_limit=fields.integer("connection_limit", INT4),
            is_template=fields.truth("is_template"),
            privileges=fields.optional("privileges", privileges_from_json),
            comment=fields.optional("comment", lambda _: fields.text("comment")),
            settings=fields.items("settings", _read_setting),
        )


_TEXTS = ("encoding", "collate", "ctype", "locale", "rules", "collation_version", "tablespace")


def _read_setting(data: Any) -> Setting:  # noqa: ANN401 - it may be anything
    fields = SqlFields.of(data, "a setting")
    return Setting(fields.text("role"), fields.name("name"), fields.text("value"))


def read_properties(connection: Connection) -> DatabaseProperties:
    """The properties of the database that the connection is in."""
    with translated("reading the properties of the database"):
        row = connection.execute(_ROW).fetchone()
        assert row is not None, "a session's database is in pg_database"  # noqa: S101
        privileges = tuple(sorted(Privilege(*each) for each in connection.execute(_PRIVILEGES).fetchall()))
        settings = connection.execute(_SETTINGS).fetchall()
    data, name, encoding, owner, changed, tablespace, comment = row
    return DatabaseProperties(
        **_locale(data), name=name, encoding=encoding, owner=owner, tablespace=tablespace,
        connection_limit=data["datconnlimit"], is_template=data["datistemplate"], comment=comment,
        privileges=privileges if changed else None, settings=tuple(sorted(_setting(*each) for each in settings)),
    )  # fmt: skip


def _locale(data: Mapping[str, Any]) -> dict[str, str]:
    """Columns of PostgreSQL 12 (libc only), 15 (ICU), 16 (rules), 17 (one column for ICU and builtin)."""
    return {
        "provider": PROVIDERS[data.get("datlocprovider", "c")],
        "collate": data["datcollate"],
        "ctype": data["datctype"],
        "locale": data.get("datlocale") or data.get("daticulocale") or "",
        "rules": data.get("daticurules") or "",
        "collation_version": data.get("datcollversion") or "",
    }


def _setting(role: str, text: str) -> Setting:
    name, _, value = text.partition("=")
    return Setting(role, name, value)


def create_statement(properties: DatabaseProperties, name: str, server_version: int) -> sql.Composed:
    """CREATE DATABASE with the same encoding and locale, from `template0`.

    Args:
        properties: The source's.
        name: The new database's name.
        server_version: The target server's `server_version_num`.

    Raises:
        RefusedError: if the server is too old for the locale's provider.
    """
    provider, major = properties.provider, server_version // 10000
    if major < {"libc": 12, "icu": 15, "builtin": 17}[provider]:
        raise RefusedError(
            f"The source's locale is of the provider {provider}, which PostgreSQL {major} lacks: make the database"
            " yourself, with the collation that you want, and restore into it without --create_database."
        )
    words = {"ENCODING": properties.encoding, "LC_COLLATE": properties.collate, "LC_CTYPE": properties.ctype}
    if provider != "libc":
        words |= {"LOCALE_PROVIDER": provider, f"{provider}_LOCALE".upper(): properties.locale}
    if properties.rules:
        words["ICU_RULES"] = properties.rules
    options = [sql.SQL(" {} {}").format(Bytes(word), literal(value)) for word, value in words.items()]
    create = sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(identifier(name))
    return sql.Composed([create, *options])


def setting_statements(properties: DatabaseProperties, name: str) -> list[sql.Composed]:
    """The statements that give `name` the source's connection limit, comment and settings; they may run twice."""
    thing = _database(name)
    limit = sql.SQL("ALTER {} CONNECTION LIMIT {}").format(thing, sql.Literal(properties.connection_limit))
    comments = [sql.SQL("COMMENT ON {} IS {}").format(thing, literal(text)) for text in (properties.comment,) if text]
    settings = [_set_statement(setting, thing) for setting in properties.settings]
    return [limit, *comments, *settings]


def owner_statement(properties: DatabaseProperties, name: str) -> sql.Composed:
    """The statements that give the database `name` to the source's owner, which must exist."""
    return sql.SQL("ALTER {} OWNER TO {}").format(_database(name), identifier(properties.owner))


def privilege_statements(properties: DatabaseProperties, name: str) -> list[sql.Composed]:
    """The statements that grant on `name` what was granted on the source; it must have the source's owner."""
    return grant_statements(_database(name), properties.owner, properties.privileges)


def _set_statement(setting: Setting, database: sql.Composable) -> sql.Composed:
    role = sql.SQL("ROLE {} IN ").format(identifier(setting.role)) if setting.role else sql.SQL("")
    values = list_items(setting.value) if setting.name.lower() in _LISTS else [setting.value]
    return sql.SQL("ALTER {}{} SET {} TO {}").format(
        role, database, _variable(setting.name), sql.SQL(", ").join(map(literal, values or [""]))
    )


def list_items(value: str) -> list[str]:
    """The names in a setting that is a list of quoted names."""
    return list(_items(value))


def _items(value: str) -> Iterator[str]:
    for match in _LIST_ITEM.finditer(value.strip()):
        if text := match[1].strip():
            yield text[1:-1].replace('""', '"') if text.startswith('"') else text


def _variable(name: str) -> sql.Composed:
    return sql.SQL(".").join(map(identifier, name.split(".")))


def _database(name: str) -> sql.Composed:
    return sql.SQL("DATABASE {}").format(identifier(name))
