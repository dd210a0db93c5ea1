"""Translates failed gRPC calls on our channel into Shardkeep's errors."""

import grpc
from google.rpc.code_pb2 import Code

from transforms.bigtable.server import credentials, emulator
from transforms.errors import NotFoundError, RefusedError, ShardkeepError, UnreachableError

_CLASSES: dict[int, tuple[type[ShardkeepError], str]] = {
    Code.NOT_FOUND: (NotFoundError, "Check the project, the instance, the table and its families."),
    Code.PERMISSION_DENIED: (UnreachableError, "Grant the missing role to the account that runs this."),
    Code.UNAUTHENTICATED: (UnreachableError, credentials.LOGIN),
    Code.INVALID_ARGUMENT: (RefusedError, "The server does not take this request."),
    Code.FAILED_PRECONDITION: (RefusedError, "The server does not take this request in the table's state."),
    Code.OUT_OF_RANGE: (RefusedError, "The server does not take this request."),
}
_OTHERS = (UnreachableError, "Check that the server can be reached, and try again.")


def status_error(code: int, details: str, where: str) -> ShardkeepError:
    """The error for a status of `google.rpc.Code`; `where` says what was done, on which object."""
    kind, advice = _CLASSES.get(code, _OTHERS)
    helps = credentials.LOGIN if credentials.failed(details) else advice
    name = Code.Name(code) if code in Code.values() else code
    return kind(f"{where}: {name}: {details.rstrip('.')}. {helps}{emulator.hint()}")


def rpc_error(error: grpc.RpcError, where: str) -> ShardkeepError:
    """The error for a failed call."""
    return status_error(error.code().value[0], error.details() or "no details", where)
