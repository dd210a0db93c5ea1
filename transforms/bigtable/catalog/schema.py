"""The schema of a Bigtable table as plain values, for manifests and for restoring.

Source of the fields: `google.bigtable.admin.v2.Table` and `ColumnFamily`.
"""

import struct
from base64 import b64decode, b64encode
from dataclasses import dataclass, field, replace
from typing import Any

from google.cloud.bigtable_admin_v2.types import ColumnFamily, Table, TieredStorageConfig, Type
from google.protobuf.message import DecodeError

from transforms.bigtable.catalog import gc_rule
from transforms.bigtable.catalog.duration import from_micros, to_micros
from transforms.bigtable.catalog.gc_rule import Rule
from transforms.errors import IntegrityError


@dataclass(frozen=True, slots=True)
class FamilySchema:
    """One column family.

    Attributes:
        gc: Its garbage collection rule, as in `gc_rule`.
        type: Base64 of its serialized `google.bigtable.admin.v2.Type`; None for raw bytes.
    """

    gc: Rule = None
    type: str | None = None

    @property
    def kind(self) -> str:
        """The type in a word, such as `bytes` or `aggregate:int64:sum`."""
        return "bytes" if self.type is None else _kind(Type.deserialize(b64decode(self.type)))

    def to_json(self) -> dict[str, Any]:
        """The family as plain values; `kind` is for people and is not read back."""
        return {"gc": self.gc, "type": self.type, "kind": self.kind}

    def declared_type(self) -> Type | None:
        """The type as a user declares it: without the state type, which the service fills in."""
        if self.type is None:
            return None
        declared: Type = Type.deserialize(b64decode(self.type))
        if "aggregate_type" in declared:
            Type.pb(declared).aggregate_type.ClearField("state_type")
        return declared

    def for_creation(self) -> ColumnFamily:
        """The family to create, without a rule: restored cells may be old and must not be collected at once."""
        declared = self.declared_type()
        return ColumnFamily() if declared is None else ColumnFamily(value_type=declared)


@dataclass(frozen=True, slots=True)
class TableSchema:
    """The schema of a table.

    Attributes:
        families: By name, in the order of the names.
        granularity: Of timestamps, a name of `Table.TimestampGranularity`: `MILLIS` or `MICROS`.
        deletion_protection: Whether table and families are protected against deletion.
        automated_backup_policy: None, or `retention_period_micros` and `frequency_micros`, and, if set,
            `keep_hot_micros`, `locations` (zones of the source) and `disabled`.
        change_stream: None, or `retention_period_micros`.
        row_key_schema: Base64 of the serialized `Type.Struct`, or None.
        tiered_storage: Base64 of the serialized `TieredStorageConfig`, or None.
    """

    families: dict[str, FamilySchema] = field(default_factory=dict)
    granularity: str = "MILLIS"
    deletion_protection: bool = False
    automated_backup_policy: dict[str, Any] | None = None
    change_stream: dict[str, Any] | None = None
    row_key_schema: str | None = None
    tiered_storage: str | None = None

    @classmethod
    def from_proto(cls, table: Table) -> "TableSchema":
        """The schema of a table that was read with `SCHEMA_VIEW` or `FULL`."""
        return cls(
            families={name: _family(table.column_families[name]) for name in sorted(table.column_families)},
            granularity=_granularity(table),
            deletion_protection=table.deletion_protection,
            automated_backup_policy=_backup_policy(table) if "automated_backup_policy" in table else None,
            change_stream=_change_stream(table) if "change_stream_config" in table else None,
            row_key_schema=_encoded(table.row_key_schema) if "row_key_schema" in table else None,
            tiered_storage=_encoded(table.tiered_storage_config) if "tiered_storage_config" in table else None,
        )

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "TableSchema":
        """The inverse of `to_json`.

        Raises:
            IntegrityError: if `values` are not in its form.
        """
        try:
            families = {name: FamilySchema(item["gc"], item["type"]) for name, item in values["families"].items()}
            schema = cls(**{**values, "families": families})
            schema.check()
            return schema
        except (LookupError, TypeError, AttributeError, ValueError, RecursionError, struct.error, DecodeError) as error:
            raise IntegrityError(
                f"The schema of a Bigtable table is not in the known form: {error}. The backup was made by another "
                "version, or its manifest is damaged: verify it, or restore with the version that made it."
            ) from error

    def check(self) -> None:
        """Build everything that a restore needs of it, so that whatever is wrong raises now."""
        self.for_creation()
        self.backup_policy()
        for family in self.families.values():
            gc_rule.to_proto(family.gc)
            gc_rule.program(family.gc)
            gc_rule.cbt_policy(family.gc)

    def to_json(self) -> dict[str, Any]:
        """The schema as plain values, equal for equal schemas."""
        return {
            "families": {name: self.families[name].to_json() for name in sorted(self.families)},
            "granularity": self.granularity,
            "deletion_protection": self.deletion_protection,
            "automated_backup_policy": self.automated_backup_policy,
            "change_stream": self.change_stream,
            "row_key_schema": self.row_key_schema,
            "tiered_storage": self.tiered_storage,
        }

    def without_rules(self) -> "TableSchema":
        """The schema with garbage collection off."""
        return replace(self, families={name: replace(family, gc=None) for name, family in self.families.items()})

    def for_creation(self) -> Table:
        """The table to create: families without rules, value types, granularity and row key schema.

        Deletion protection, backups, change stream and tiered storage are left out.
        """
        families = {name: family.for_creation() for name, family in self.families.items()}
        table = Table(column_families=families, granularity=self.granularity)
        if self.row_key_schema is not None:
            table.row_key_schema = Type.Struct.deserialize(b64decode(self.row_key_schema))
        return table

    def backup_policy(self) -> Table.AutomatedBackupPolicy | None:
        """The automated backup policy for another table; zones of the source instance are left out."""
        saved = self.automated_backup_policy
        if saved is None:
            return None
        policy = Table.AutomatedBackupPolicy(disabled=saved.get("disabled", False))
        for name, key in _POLICY_PERIODS.items():
            if saved.get(key):
                setattr(policy, name, from_micros(saved[key]))
        return policy


def aggregate_families(schema: TableSchema) -> list[str]:
    """Names of the families whose cells are states of an aggregate, which `SetCell` cannot write."""
    return [name for name, family in schema.families.items() if family.kind.startswith("aggregate:")]


def families_mismatch(saved: TableSchema, existing: TableSchema) -> list[str]:
    """Why an existing table cannot take the cells of `saved`, one sentence for each reason; empty if it can."""
    problems = []
    for name, family in saved.families.items():
        other = existing.families.get(name)
        if other is None:
            problems.append(f"family {name} does not exist")
        elif family.declared_type() != other.declared_type():
            problems.append(f"family {name} holds {other.kind}, the backup {family.kind}")
    if saved.granularity != existing.granularity and existing.granularity == "MILLIS":
        problems.append(f"timestamps are kept in MILLIS, the backup has {saved.granularity}")
    return problems


_POLICY_PERIODS = {
    "retention_period": "retention_period_micros",
    "frequency": "frequency_micros",
    "keep_hot_duration": "keep_hot_micros",
}


def _family(family: ColumnFamily) -> FamilySchema:
    rule = gc_rule.from_proto(family.gc_rule) if "gc_rule" in family else None
    return FamilySchema(rule, _encoded(family.value_type) if "value_type" in family else None)


def _granularity(table: Table) -> str:
    """The granularity's name; milliseconds if none is set, as in the API."""
    return "MILLIS" if not table.granularity else Table.TimestampGranularity(table.granularity).name


def _backup_policy(table: Table) -> dict[str, Any]:
    policy = Table.pb(table).automated_backup_policy
    values: dict[str, Any] = {key: to_micros(getattr(policy, name)) for name, key in _POLICY_PERIODS.items()}
    values |= {"locations": list(policy.locations), "disabled": policy.disabled}
    always = ("retention_period_micros", "frequency_micros")
    return {key: value for key, value in values.items() if value or key in always}


def _change_stream(table: Table) -> dict[str, Any]:
    return {"retention_period_micros": to_micros(Table.pb(table).change_stream_config.retention_period)}


def _kind(value_type: Type) -> str:
    """The type in a word, from the names of the fields that are set."""
    pb = Type.pb(value_type)
    kind = (pb.WhichOneof("kind") or "unknown").removesuffix("_type")
    if kind != "aggregate":
        return kind
    aggregate = value_type.aggregate_type
    # The library calls `min` and `max` `min_` and `max_`.
    aggregator = (pb.aggregate_type.WhichOneof("aggregator") or "unknown").rstrip("_")
    return f"aggregate:{_kind(aggregate.input_type)}:{aggregator}"


def _encoded(message: Type | Type.Struct | TieredStorageConfig) -> str:
    pb = type(message).pb(message)
    return b64encode(pb.SerializeToString(deterministic=True)).decode()
