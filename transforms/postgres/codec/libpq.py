"""The libpq that psycopg uses, for compiled code that reads rows from a psycopg connection."""

import ctypes
import importlib
from functools import cache

import psycopg

from transforms.errors import UnreachableError

# psycopg's implementations in C, each with the module that is linked to its libpq.
_MODULES = {"binary": "psycopg_binary.pq", "c": "psycopg_c.pq"}


@cache
def address(function: str) -> int:
    """The address of one of libpq's functions.

    Raises:
        UnreachableError: if psycopg runs without a C implementation: compiled code cannot read its connections.
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
    # A symbol is looked up in the module and in the libraries that it is linked to.
    return ctypes.CDLL(importlib.import_module(module).__file__)
