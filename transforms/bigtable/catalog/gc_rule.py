"""Garbage collection rules of column families as plain values, in four forms.

A rule is `None` (nothing is ever collected) or a dict with one item, ready for JSON:
`{"max_num_versions": n}`, `{"max_age_micros": n}`, `{"intersection": [rule, ...]}` or `{"union": [rule, ...]}`.
The other forms are the API's `google.bigtable.admin.v2.GcRule`, the text that `cbt setgcpolicy` reads and
the program that `gc_count` runs.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, TypeAlias

from transforms.bigtable.catalog.duration import SECOND, from_micros, to_micros
from transforms.errors import IntegrityError

if TYPE_CHECKING:
    from google.cloud.bigtable_admin_v2.types import GcRule

Rule: TypeAlias = dict[str, Any] | None

# Operations of a program. The first two have a number, the others a count of operands.
MAX_NUM_VERSIONS, MAX_AGE, INTERSECTION, UNION = range(1, 5)

_CBT_UNITS = {"d": 86_400 * SECOND, "h": 3_600 * SECOND, "m": 60 * SECOND, "s": SECOND, "ms": 1_000}
_CBT_LARGEST = 2**32 - 1
# The longest google.protobuf.Duration (duration.proto); counts of versions have 32 bits and are below it.
_LARGEST = 315_576_000_000 * SECOND


def from_proto(rule: GcRule) -> Rule:
    """The plain form of a `GcRule`; None for one without content.

    Ages are rounded down to microseconds, as the API does.
    """
    return _from_pb(type(rule).pb(rule))


def _from_pb(rule: Any) -> Rule:  # noqa: ANN401 -- the class behind GcRule has no name
    kind = rule.WhichOneof("rule")
    if kind == "max_num_versions":
        return {kind: rule.max_num_versions}
    if kind == "max_age":
        return {"max_age_micros": to_micros(rule.max_age)}
    return {kind: [_from_pb(part) for part in getattr(rule, kind).rules]} if kind else None


def to_proto(rule: Rule) -> GcRule:
    """The `GcRule` of a plain rule.

    Raises:
        IntegrityError: if the form of `rule` is unknown.
    """
    from google.cloud.bigtable_admin_v2.types import GcRule  # slow to import, and not needed to print a rule

    if rule is None:
        return GcRule()
    kind, value = _item(rule)
    if kind == "max_num_versions":
        return GcRule(max_num_versions=value)
    if kind == "max_age_micros":
        return GcRule(max_age=from_micros(value))
    parts = [to_proto(part) for part in value]
    if kind == "union":
        return GcRule(union=GcRule.Union(rules=parts))
    return GcRule(intersection=GcRule.Intersection(rules=parts))


def simplified(rule: Rule) -> Rule:
    """The rule without parts that never collect anything, and without combinations of fewer than two rules."""
    if rule is None:
        return None
    kind, value = _item(rule)
    if kind not in ("intersection", "union"):
        return rule
    parts = [simplified(part) for part in value]
    kept = [part for part in parts if part is not None]
    if not kept or (kind == "intersection" and len(kept) < len(parts)):
        return None
    return kept[0] if len(kept) == 1 else {kind: kept}


def cbt_policy(rule: Rule) -> str:
    """The rule in the syntax of `cbt setgcpolicy`, such as `maxage=1d and maxversions=2`, or `never`.

    cbt counts ages in milliseconds, so a finer age is rounded up: no cell is collected too early. It
    takes no count of versions above 65,535 and no age above 292 years.

    Raises:
        IntegrityError: if the form of `rule` is unknown.
    """
    plain = simplified(rule)
    return "never" if plain is None else _cbt_text(plain)


def _cbt_text(rule: dict[str, Any]) -> str:
    kind, value = _item(rule)
    if kind == "max_num_versions":
        return f"maxversions={value}"
    if kind == "max_age_micros":
        return f"maxage={_cbt_age(value)}"
    return (" and " if kind == "intersection" else " or ").join(_cbt_part(part) for part in value)


def _cbt_part(rule: dict[str, Any]) -> str:
    text = _cbt_text(rule)
    return f"({text})" if " " in text else text


def _cbt_age(micros: int) -> str:
    """The age in the largest unit that expresses it exactly, else in the finest whose number cbt can read."""
    for unit, size in _CBT_UNITS.items():
        if micros % size == 0:
            return f"{micros // size}{unit}"
    fitting = [(unit, size) for unit, size in _CBT_UNITS.items() if micros <= size * _CBT_LARGEST]
    unit, size = fitting[-1]
    return f"{-(-micros // size)}{unit}"


def program(rule: Rule) -> bytes:
    """The rule as a flat postfix program for `gc_count`: pairs of native int64, operation and number.

    Operands come before `INTERSECTION` and `UNION`, whose number is how many they combine. The empty
    program never collects.

    Raises:
        IntegrityError: if the form of `rule` is unknown.
    """
    plain = simplified(rule)
    return b"" if plain is None else _postfix(plain)


def _postfix(rule: dict[str, Any]) -> bytes:
    kind, value = _item(rule)
    if kind == "max_num_versions":
        return struct.pack("=qq", MAX_NUM_VERSIONS, value)
    if kind == "max_age_micros":
        return struct.pack("=qq", MAX_AGE, value)
    operation = INTERSECTION if kind == "intersection" else UNION
    return b"".join(_postfix(part) for part in value) + struct.pack("=qq", operation, len(value))


def _item(rule: dict[str, Any]) -> tuple[str, Any]:
    """Kind and value of a rule; raises `IntegrityError` if its form is unknown."""
    if isinstance(rule, dict) and len(rule) == 1:
        kind, value = next(iter(rule.items()))
        if kind in ("max_num_versions", "max_age_micros") and type(value) is int and 0 <= value <= _LARGEST:
            return kind, value
        if kind in ("intersection", "union") and isinstance(value, list):
            return kind, value
    raise IntegrityError(
        f"A garbage collection rule has an unknown form: {rule!r}. The backup was made by a newer version, "
        "or its manifest is damaged: verify it, or restore with the version that made it."
    )
