"""Translates errors of Google's client library into Shardkeep's."""

import concurrent.futures
from collections.abc import Iterator
from contextlib import contextmanager

from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError

from transforms.bigtable.server import credentials, emulator
from transforms.errors import ExistsError, NotFoundError, RefusedError, ShardkeepError, UnreachableError

_LATE = (
    exceptions.ServiceUnavailable,
    exceptions.DeadlineExceeded,
    exceptions.ResourceExhausted,
    exceptions.Aborted,
    exceptions.RetryError,
    concurrent.futures.TimeoutError,
)
_OURS: list[tuple[tuple[type[Exception], ...], type[ShardkeepError], str]] = [
    (
        (exceptions.NotFound,),
        NotFoundError,
        "There is no such project, instance or table: check --bigtable_project (or --project), --instance and --table.",
    ),
    ((exceptions.AlreadyExists,), ExistsError, "Choose another name."),
    ((exceptions.FailedPrecondition,), RefusedError, "Change what the service names, then run again."),
    (
        (exceptions.PermissionDenied,),
        UnreachableError,
        "Grant the missing Bigtable role to the account that runs this, or check that project and instance are right.",
    ),
    ((exceptions.Unauthenticated, GoogleAuthError), UnreachableError, credentials.LOGIN),
    (_LATE, UnreachableError, "Check the network and https://status.cloud.google.com, then run again."),
]


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise the client library's errors as Shardkeep's.

    Args:
        what: The beginning of the message: what was tried, on which object.

    Raises:
        NotFoundError: for NOT_FOUND.
        ExistsError: for ALREADY_EXISTS.
        RefusedError: for FAILED_PRECONDITION.
        UnreachableError: for PERMISSION_DENIED, UNAUTHENTICATED, UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED,
            ABORTED, missing or bad credentials, and a deadline that has passed. Any other error passes unchanged.
    """
    try:
        yield
    except Exception as error:
        for theirs, ours, advice in _OURS:
            if isinstance(error, theirs):
                helps = credentials.LOGIN if credentials.failed(str(error)) else advice
                raise ours(f"{what}: {str(error).rstrip('.')}. {helps}{emulator.hint()}") from error
        raise
