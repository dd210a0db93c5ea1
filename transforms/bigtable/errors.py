"""The service's errors as ours: the one place that knows both."""

import concurrent.futures
from collections.abc import Iterator
from contextlib import contextmanager

from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError

from transforms.errors import ExistsError, NotFoundError, RefusedError, ShardkeepError, UnreachableError

_UNREACHABLE = (
    exceptions.PermissionDenied,
    exceptions.Unauthenticated,
    exceptions.ServiceUnavailable,
    exceptions.DeadlineExceeded,
    exceptions.RetryError,
    GoogleAuthError,
    concurrent.futures.TimeoutError,
)
_OURS: list[tuple[tuple[type[Exception], ...], type[ShardkeepError], str]] = [
    ((exceptions.NotFound,), NotFoundError, "Check the names of project, instance and table."),
    ((exceptions.AlreadyExists,), ExistsError, "Choose another name."),
    ((exceptions.FailedPrecondition,), RefusedError, "Change what the service names, then run again."),
    (_UNREACHABLE, UnreachableError, "Check the network, the credentials and their Bigtable roles, then run again."),
]


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise the service's errors as ours.

    Args:
        what: What was tried and where, to begin the message with.

    Raises:
        NotFoundError: for NOT_FOUND.
        ExistsError: for ALREADY_EXISTS.
        RefusedError: for FAILED_PRECONDITION.
        UnreachableError: for PERMISSION_DENIED, UNAUTHENTICATED, UNAVAILABLE, DEADLINE_EXCEEDED, credentials
            that are missing or bad, and an end of patience. Any other error passes as it is.
    """
    try:
        yield
    except Exception as error:
        for theirs, ours, advice in _OURS:
            if isinstance(error, theirs):
                raise ours(f"{what}: {error}. {advice}") from error
        raise
