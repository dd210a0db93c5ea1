"""The registry of the databases that this version knows, one line each, and of the commands for them.

Modules are named here, not imported: a job's modules import Beam and a room's modules its database's driver, which
takes seconds. `tests/test_rooms.py` reports what is missing for a database that has a line here or a folder in
`transforms/`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

from transforms.errors import IntegrityError

if TYPE_CHECKING:
    from transforms.identity import Identity, Table
    from transforms.source import CheckAttachment, Inspect


class Room(NamedTuple):
    """A database. Its room is the folder `transforms/<name>/`; the names of its pipelines begin with its name.

    Attributes:
        title: What people call it.
        source: What a backup reads.
        target: What a restore writes to.
        attachments: Whether its backups have attachments, which `transforms/<name>/attachment.py` checks.
        has_schema_table: Whether `show` prints a table of its schemas, from `transforms/<name>/schema_table.py`.
    """

    title: str
    source: str
    target: str
    attachments: bool = False
    has_schema_table: bool = False


class Command(NamedTuple):
    """A command: the module with its `main`, and its line in the list of commands."""

    module: str
    help: str


ROOMS: Mapping[str, Room] = {
    "bigtable": Room("Bigtable", "tables of a Bigtable instance", "a Bigtable instance", has_schema_table=True),
    "postgres": Room("PostgreSQL", "a PostgreSQL database", "an empty PostgreSQL database", attachments=True),
}
"""By the word with which the names of their sources in a vault begin."""


def _commands_of(name: str, room: Room) -> dict[str, Command]:
    return {
        f"{name}-backup": Command(f"pipelines.{name}_backup", f"back up {room.source} into a vault"),
        f"{name}-restore": Command(f"pipelines.{name}_restore", f"restore a backup into {room.target}"),
    }


COMMANDS: Mapping[str, Command] = {
    **{command: found for name, room in ROOMS.items() for command, found in _commands_of(name, room).items()},
    "list": Command("pipelines.list_backups", "list the backups of a vault"),
    "show": Command("pipelines.show_backup", "show one backup and its tables"),
    "verify": Command("pipelines.verify", "check that a backup is whole and unchanged"),
}


def attachment_check(source: Identity) -> CheckAttachment:
    """The reader of the attachments of a source's backups.

    Raises:
        IntegrityError: if this version does not know the source's database.
    """
    if _room_of(source).attachments:
        module = importlib.import_module(f"transforms.{source.room}.attachment")
        return cast("CheckAttachment", module.check_attachment)
    from transforms.verify_work import let_pass

    return let_pass


def inspector(source: Identity) -> Inspect:
    """The reader of a source's records.

    Raises:
        IntegrityError: if this version does not know the source's database.
    """
    _room_of(source)
    return cast("Inspect", importlib.import_module(f"transforms.{source.room}.records").inspect)


def schema_table(source: Identity, tables: Sequence[Table]) -> tuple[Sequence[str], list[tuple[object, ...]]]:
    """The headings and rows of a table of the schemas, for people; no rows if the database has none or is unknown."""
    if source.room not in ROOMS or not ROOMS[source.room].has_schema_table:
        return (), []
    module = importlib.import_module(f"transforms.{source.room}.schema_table")
    return module.HEADINGS, list(module.schema_rows(tables))


def _room_of(source: Identity) -> Room:
    if source.room not in ROOMS:
        raise IntegrityError(f"the backup is of {source}, which this version cannot read. Use a newer Shardkeep.")
    return ROOMS[source.room]
