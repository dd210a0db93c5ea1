"""The errors that Shardkeep raises on purpose, one class for each exit code.

A message says what is wrong, where (option, table, key, shard) and what to do next: it is printed
as it is, without a traceback. An exception of any other class is a fault of ours, exit code 1.
"""


class ShardkeepError(Exception):
    """An error with a message for people; `exit_code` is what the process ends with."""

    exit_code = 1


class UsageError(ShardkeepError):
    """An option is unknown, missing or has a bad value."""

    exit_code = 2


class SkippedError(ShardkeepError):
    """The work ended, but data was skipped or could not be verified."""

    exit_code = 3


class IntegrityError(ShardkeepError):
    """Data is not as it must be: corrupt, missing, swapped, or against the protocol."""

    exit_code = 5


class RefusedError(ShardkeepError):
    """A guard refuses the work; the message names the flag that overrides it, if there is one."""

    exit_code = 6


class NotFoundError(ShardkeepError):
    """A table, backup, vault or object does not exist."""

    exit_code = 7


class ExistsError(ShardkeepError):
    """An object that must be new exists, or another run won the race."""

    exit_code = 8


class UnreachableError(ShardkeepError):
    """A server or store cannot be reached, or does not permit the work."""

    exit_code = 9
