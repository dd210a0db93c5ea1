"""The libpq that psycopg itself uses, for compiled code that takes rows from a connection of psycopg's."""

import ctypes
import importlib
from functools import cache

import psycopg

from transforms.errors import UnreachableError

# psycopg's implementations in C, each with a module that is linked to a libpq of its own.
_MODULES = {"binary": "psycopg_binary.pq", "c": "psycopg_c.pq"}


@cache
def address(function: str) -> int:
    """The address of one of libpq's functions.

    Raises:
        UnreachableError: if psycopg runs without its C implementation, whose connections only Python can read.
    """
    found = getattr(_library(), function)
    return ctypes.cast(found, ctypes.c_void_p).value or 0


@cache
def _library() -> ctypes.CDLL:
    module = _MODULES.get(psycopg.pq.__impl__)
    if module is None:
        raise UnreachableError(
            f"psycopg runs its implementation {psycopg.pq.__impl__!r}, which is too slow to back a database up."
            " Install psycopg[binary] (or psycopg[c]), and unset PSYCOPG_IMPL."
        )
    # A search by a module's handle goes on through the libraries that the module is linked to.
    return ctypes.CDLL(importlib.import_module(module).__file__)
