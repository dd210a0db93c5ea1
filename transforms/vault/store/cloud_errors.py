"""Translates errors of Cloud Storage, and of the connection to it, into Shardkeep's."""

import http.client
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import requests
import urllib3
from google.api_core.exceptions import (
    BadRequest,
    Forbidden,
    GoogleAPICallError,
    GoogleAPIError,
    NotFound,
    PreconditionFailed,
    RetryError,
    Unauthorized,
    from_http_response,
)
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud.storage.exceptions import InvalidResponse

from transforms.errors import IntegrityError, NotFoundError, ShardkeepError, UnreachableError
from transforms.vault.store.cloud_client import EMULATOR
from transforms.vault.store.cloud_refusals import advice
from transforms.vault.store.interface import missing, taken

FAILURES = (
    GoogleAPIError,
    GoogleAuthError,
    InvalidResponse,
    OSError,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
)
"""All errors of a request; the `requests` package derives its errors from OSError."""

CREATE = "storage.objects.create"
GET = "storage.objects.get"
LIST = "storage.objects.list"
DELETE = "storage.objects.delete"
# The narrowest predefined roles: https://cloud.google.com/storage/docs/access-control/iam-roles
_ROLES = {
    CREATE: "roles/storage.objectCreator",
    GET: "roles/storage.objectViewer",
    LIST: "roles/storage.objectViewer",
    DELETE: "roles/storage.objectUser",
}
_PERMISSION = re.compile(r"\bstorage\.[a-zA-Z]+\.[a-zA-Z]+\b")
_LOGIN = "Run `gcloud auth application-default login`, or check the service account that this runs as."


@dataclass(frozen=True, slots=True)
class Doing:
    """What is being done: to which object, or all with a prefix, of which bucket, with which permission."""

    bucket: str
    name: str
    permission: str


@contextmanager
def explained(doing: Doing) -> Iterator[None]:
    """Turn errors in the block into Shardkeep's."""
    try:
        yield
    except FAILURES as error:
        raise explain(error, doing) from error


def explain(error: BaseException, doing: Doing) -> ShardkeepError:
    """Shardkeep's error, with what to do next, and the emulator's name if one was used.

    Args:
        error: One of FAILURES.
        doing: What was being done.
    """
    found, emulator = _explain(error, doing), os.environ.get(EMULATOR)
    if not emulator or not (isinstance(found, UnreachableError) or str(found).startswith("bucket ")):
        return found
    return type(found)(f"{found} {EMULATOR}={emulator} is set: an emulator was asked, not Cloud Storage.")


def _explain(error: BaseException, doing: Doing) -> ShardkeepError:
    cause = _cause(error)
    if isinstance(cause, PreconditionFailed):
        return taken(doing.name)
    if isinstance(cause, NotFound):
        return _not_found(cause, doing)
    where = f"gs://{doing.bucket}: {doing.name}"
    if isinstance(cause, Forbidden | BadRequest) and (helps := advice(_words(cause))):
        return UnreachableError(f"{where}: Cloud Storage refuses this with {cause.code}: {said(cause)}. {helps}")
    if isinstance(cause, Forbidden):
        return _forbidden(cause, doing)
    if isinstance(cause, BadRequest) and "crc32c" in said(cause).lower():
        return IntegrityError(f"{where}: not created, for the bytes came otherwise than they were sent: {said(cause)}.")
    if isinstance(cause, GoogleAuthError | Unauthorized) and not isinstance(cause, TransportError):
        return UnreachableError(f"{where}: the credentials are not accepted: {said(cause)}. {_LOGIN}")
    if isinstance(cause, GoogleAPICallError) and (cause.code or 0) < 500 and cause.code not in (408, 429):
        return UnreachableError(f"{where}: Cloud Storage refuses this with {cause.code}: {said(cause)}. Run again.")
    return UnreachableError(
        f"{where}: Cloud Storage did not answer well, however often it was asked: {said(cause)}. Check the network and "
        "https://status.cloud.google.com, then run again."
    )


def _cause(error: BaseException) -> BaseException:
    """The cause of the last failed attempt; for an unexpected answer, the answer's own words."""
    cause = error.cause if isinstance(error, RetryError) and error.cause else error
    answer = getattr(cause, "response", None)
    if isinstance(cause, InvalidResponse) and isinstance(answer, requests.Response) and not answer.ok:
        cause = from_http_response(answer)
    return cause


def _not_found(error: NotFound, doing: Doing) -> ShardkeepError:
    """The error of a 404: if an object was read, it is missing; if one was created or listed, the bucket is."""
    if doing.permission in (CREATE, LIST) or is_of_bucket(error):
        return NotFoundError(
            f"bucket {doing.bucket} does not exist. Correct the name after gs://, or create it with `gcloud storage "
            f"buckets create gs://{doing.bucket}`."
        )
    return missing(doing.name)


def is_of_bucket(error: NotFound) -> bool:
    """Whether the bucket is missing, which only the words of the answer say."""
    return "bucket does not exist" in str(error)


def _forbidden(error: Forbidden, doing: Doing) -> ShardkeepError:
    if any(detail.get("reason") == "retentionPolicyNotMet" for detail in details_of(error)):
        return UnreachableError(
            f"gs://{doing.bucket}: {doing.name} is held by the bucket's retention policy and can be neither deleted "
            f"nor replaced: {said(error)}. Wait until its time is over."
        )
    found = _PERMISSION.search(said(error))
    permission = found[0] if found else doing.permission
    role = _ROLES.get(permission)
    return UnreachableError(
        f"gs://{doing.bucket}: {doing.name}: not permitted, {permission} is needed: {said(error)}. Grant "
        f"{role or 'a role with it'} on the bucket to the account that this runs as (it takes effect within minutes): "
        f"`gcloud storage buckets add-iam-policy-binding gs://{doing.bucket} --member=MEMBER --role={role or 'ROLE'}`."
    )


def _words(error: GoogleAPICallError) -> str:
    return " ".join([said(error), *(detail.get("reason", "") for detail in details_of(error))])


def said(error: BaseException) -> str:
    """An error's message on one line, without a full stop."""
    details = details_of(error) if isinstance(error, GoogleAPICallError) else []
    text = next((detail["message"] for detail in details if "message" in detail), None) or str(error)
    return " ".join((text or type(error).__name__).split()).removesuffix(".")


def details_of(error: GoogleAPICallError) -> list[dict[str, str]]:
    """The JSON API's details of an error: objects with `message`, `reason` and others; empty if there are none.

    The client library reads them in some calls, and leaves them in the answer in others.
    """
    if error.errors or not isinstance(error.response, requests.Response):
        return list(error.errors)
    return list(from_http_response(error.response).errors)
