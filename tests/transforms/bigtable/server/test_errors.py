import pytest
from google.api_core import exceptions
from google.auth.exceptions import DefaultCredentialsError

from transforms.bigtable.server.errors import translated
from transforms.errors import ExistsError, NotFoundError, RefusedError, ShardkeepError, UnreachableError


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (exceptions.NotFound("n"), NotFoundError),
        (exceptions.AlreadyExists("n"), ExistsError),
        (exceptions.FailedPrecondition("n"), RefusedError),
        (exceptions.PermissionDenied("n"), UnreachableError),
        (exceptions.Unauthenticated("n"), UnreachableError),
        (exceptions.ServiceUnavailable("n"), UnreachableError),
        (exceptions.DeadlineExceeded("n"), UnreachableError),
        (exceptions.RetryError("n", cause=None), UnreachableError),
        (DefaultCredentialsError("n"), UnreachableError),
    ],
)
def test_each_status_is_an_error_of_ours_that_says_what_was_done(error: Exception, kind: type[ShardkeepError]) -> None:
    with pytest.raises(ShardkeepError, match=r"^reading table t: ") as raised, translated("reading table t"):
        raise error
    assert type(raised.value) is kind
    assert raised.value.__cause__ is error


def test_any_other_error_passes() -> None:
    with pytest.raises(exceptions.InvalidArgument), translated("reading"):
        raise exceptions.InvalidArgument("n")
