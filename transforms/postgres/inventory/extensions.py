"""The extensions of a database: a restore needs them, and their settings tables belong to them."""

from dataclasses import dataclass
from typing import Any

from transforms.postgres.catalog.json_fields import SqlFields
from transforms.postgres.server.errors import translated
from transforms.postgres.server.session import Connection

_LIST = """
    SELECT e.extname, e.extversion, n.nspname
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
"""


@dataclass(frozen=True, order=True, slots=True)
class Extension:
    """An extension, its version and the schema of its objects."""

    name: str
    version: str
    schema: str

    def to_json(self) -> list[str]:
        """As a JSON object."""
        return [self.name, self.version, self.schema]

    @classmethod
    def from_json(cls, data: Any) -> "Extension":  # noqa: ANN401 - it may be anything
        """The inverse of `to_json`; raises ValueError for anything else."""
        fields = SqlFields.of(data, "an extension", ("name", "version", "schema"))
        return cls(fields.name("name"), fields.text("version"), fields.name("schema"))


def list_extensions(connection: Connection) -> tuple[Extension, ...]:
    """The extensions that are installed, sorted by name."""
    with translated("listing the extensions"):
        return tuple(sorted(Extension(*row) for row in connection.execute(_LIST).fetchall()))
