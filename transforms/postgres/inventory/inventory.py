"""Everything about a database that is neither in its tables' rows nor in the archive of its schema."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from transforms.errors import IntegrityError
from transforms.postgres.catalog.json_fields import SqlFields
from transforms.postgres.catalog.relation import parse_parts
from transforms.postgres.catalog.sequences import SequenceValue, list_sequences, read_values
from transforms.postgres.inventory.database_properties import DatabaseProperties
from transforms.postgres.inventory.database_properties import read_properties as read_database
from transforms.postgres.inventory.extensions import Extension, list_extensions
from transforms.postgres.inventory.matviews import list_populated
from transforms.postgres.inventory.object_states import ObjectState, list_states
from transforms.postgres.inventory.roles import Membership, Role, list_memberships, list_roles
from transforms.postgres.large_objects.properties import LargeObjectProperties
from transforms.postgres.large_objects.properties import read_properties as read_large_objects
from transforms.postgres.names.identifiers import Name
from transforms.postgres.server.session import Connection

ATTACHMENT = "database.json"
"""The name of the inventory among a backup's attachments."""
FORMAT = 1
NO_LARGE_OBJECTS = LargeObjectProperties()


@dataclass(frozen=True, slots=True)
class DatabaseInventory:
    """A database beside its rows and its schema.

    Attributes:
        properties: The properties of the database itself.
        extensions: Its extensions.
        roles: The roles that its objects name.
        memberships: The memberships among these roles.
        sequences: The values of its sequences, or of those of the selected tables.
        matviews: Its populated materialized views, in the order in which they are refreshed.
        large_objects: Owners, privileges and comments of its large objects.
        states: The unusual states of indexes, constraints, triggers and tables, whatever tables are selected.
        lost_sequences: Unlogged sequences without a value, since the source is a standby.
        facts: Facts about the source's server and the moment of the backup: a JSON object.
    """

    properties: DatabaseProperties
    extensions: tuple[Extension, ...] = ()
    roles: tuple[Role, ...] = ()
    memberships: tuple[Membership, ...] = ()
    sequences: tuple[SequenceValue, ...] = ()
    matviews: tuple[Name, ...] = ()
    large_objects: LargeObjectProperties = NO_LARGE_OBJECTS
    lost_sequences: tuple[Name, ...] = ()
    states: tuple[ObjectState, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def notes(self) -> list[str]:
        """Notes for people about what is not in it."""
        lost = ", ".join(map(str, self.lost_sequences))
        return [f"Unlogged sequences, which have no value on a standby: they begin anew: {lost}."] if lost else []

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "format": FORMAT,
            "properties": self.properties.to_json(),
            "extensions": [each.to_json() for each in self.extensions],
            "roles": [each.to_json() for each in self.roles],
            "memberships": [each.to_json() for each in self.memberships],
            "sequences": [each.to_json() for each in self.sequences],
            "matviews": [[name.schema, name.name] for name in self.matviews],
            "large_objects": self.large_objects.to_json(),
            "lost_sequences": [[name.schema, name.name] for name in self.lost_sequences],
            "states": [each.to_json() for each in self.states],
            "facts": dict(self.facts),
        }

    @classmethod
    def from_json(cls, data: Any) -> "DatabaseInventory":  # noqa: ANN401 - it may be anything
        """The inverse of `to_json`; raises ValueError for anything else."""
        fields = SqlFields.of(data, "the inventory")
        return cls(
            properties=DatabaseProperties.from_json(fields.field("properties")),
            extensions=fields.items("extensions", Extension.from_json),
            roles=fields.items("roles", Role.from_json),
            memberships=fields.items("memberships", Membership.from_json),
            sequences=fields.items("sequences", SequenceValue.from_json),
            matviews=fields.items("matviews", parse_parts),
            large_objects=LargeObjectProperties.from_json(fields.field("large_objects")),
            lost_sequences=fields.items("lost_sequences", parse_parts),
            states=fields.items("states", ObjectState.from_json),
            facts=dict(fields.object("facts").value),
        )

    def encode(self) -> bytes:
        """The attachment: JSON in ASCII, since names of an SQL_ASCII database need not be UTF-8."""
        return (json.dumps(self.to_json(), sort_keys=True, indent=1) + "\n").encode("ascii")


def parse_inventory(data: bytes) -> DatabaseInventory:
    """The inverse of `encode`.

    Raises:
        IntegrityError: if `data` is not an inventory, or its format is newer than this program.
    """
    try:
        value = json.loads(data)
        if value["format"] != FORMAT:
            raise ValueError(f"format {value['format']}, and this program knows {FORMAT}: use a newer one")
        return DatabaseInventory.from_json(value)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise IntegrityError(f"The attachment {ATTACHMENT} cannot be read: {error}. Verify the backup.") from error


def take_inventory(connection: Connection, tables: Sequence[int] | None = None) -> DatabaseInventory:
    """Read all of it but `facts` from the server, sequences last: call this after all rows were read.

    Args:
        connection: In the snapshot of the backup, if it has one.
        tables: Oids of the tables of the backup if it does not have all tables: then it has only their sequences, and
            neither large objects nor materialized views.

    Raises:
        UnreachableError: if a sequence may not be read.
    """
    roles, is_whole = list_roles(connection), tables is None
    sequences = list_sequences(connection, tables)
    return DatabaseInventory(
        properties=read_database(connection),
        extensions=list_extensions(connection),
        roles=roles,
        memberships=list_memberships(connection, roles),
        matviews=list_populated(connection) if is_whole else (),
        large_objects=read_large_objects(connection) if is_whole else NO_LARGE_OBJECTS,
        sequences=read_values(connection, sequences.names),
        lost_sequences=sequences.lost,
        states=list_states(connection),
    )
