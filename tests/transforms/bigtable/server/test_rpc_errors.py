"""Each status has a class of errors, so an exit code, and an advice."""

import pytest
from google.rpc.code_pb2 import Code

from transforms.bigtable.server.rpc_errors import status_error
from transforms.errors import NotFoundError, RefusedError, UnreachableError

EXIT_CODES = {
    Code.NOT_FOUND: NotFoundError,
    Code.INVALID_ARGUMENT: RefusedError,
    Code.FAILED_PRECONDITION: RefusedError,
    Code.OUT_OF_RANGE: RefusedError,
}


@pytest.mark.parametrize("code", [code for code in Code.values() if code != Code.OK])
def test_every_status_has_its_class(code: int) -> None:
    error = status_error(code, "because.", "doing this")
    assert type(error) is EXIT_CODES.get(code, UnreachableError)
    first, _, advice = str(error).partition("because. ")
    assert first == f"doing this: {Code.Name(code)}: "
    assert advice.endswith(".")


def test_a_status_that_has_no_name_is_told_by_its_number() -> None:
    assert str(status_error(99, "because", "doing this")).startswith("doing this: 99: because. ")
