"""A database with every built-in type at its extremes and every kind of object, and how to compare two of them."""

from tests.postgres_zoo.dump import differences, normalised_dump
from tests.postgres_zoo.plain_copy import plain_copy
from tests.postgres_zoo.zoo import GUEST, OTHER, OWNER, PARTS, PORTABLE, READER, RESTORER, make_zoo

__all__ = [
    "GUEST",
    "OTHER",
    "OWNER",
    "PARTS",
    "PORTABLE",
    "READER",
    "RESTORER",
    "differences",
    "make_zoo",
    "normalised_dump",
    "plain_copy",
]
