"""A request to Cloud Storage's JSON API as a value: what it asks for, and what it says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

_UPLOAD = re.compile(r"/(?:resumable/)?upload/storage/v1/b/(?P<bucket>[^/]+)/o/?")
_OBJECT = re.compile(r"/(?:download/)?storage/v1/b/(?P<bucket>[^/]+)/o/(?P<name>[^/]+)")
_LISTING = re.compile(r"/storage/v1/b/(?P<bucket>[^/]+)/o/?")
_BUCKET = re.compile(r"/storage/v1/b/(?P<bucket>[^/]+)")
_CHANGES = {"PATCH", "PUT", "POST"}


@dataclass(frozen=True)
class Request:
    """A request.

    Attributes:
        method: The HTTP method.
        path: The path, as it came.
        query: The query's words.
        headers: The headers by their names in lower case, without credentials.
        operation: `start`, `chunk`, `query` and `cancel` of a resumable upload, `insert` (all other uploads), `stat`,
            `read`, `change` and `delete` of an object, `list` of objects, `bucket` or `other`.
        bucket: The bucket's name, if it names one.
        name: The object's name, if the path or query has it.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    operation: str
    bucket: str
    name: str


def parse(method: str, target: str, headers: Mapping[str, str]) -> Request:
    """The request whose first line has this method and target."""
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    told = {name.lower(): value for name, value in headers.items() if name.lower() != "authorization"}
    operation, bucket, name = _meaning(method, parts.path, query, told)
    return Request(method, parts.path, query, told, operation, bucket, name or query.get("name", ""))


def _meaning(
    method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
) -> tuple[str, str, str | None]:
    if found := _UPLOAD.fullmatch(path):
        return _upload(method, query, headers), unquote(found["bucket"]), None
    if found := _OBJECT.fullmatch(path):
        return _object(method, path, query), unquote(found["bucket"]), unquote(found["name"])
    if found := _LISTING.fullmatch(path):
        return "list", unquote(found["bucket"]), None
    found = _BUCKET.match(path)
    return ("bucket", unquote(found["bucket"]), None) if found else ("other", "", None)


def _upload(method: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
    if method == "DELETE":
        return "cancel"
    if "upload_id" not in query:
        return "start" if query.get("uploadType") == "resumable" else "insert"
    return "query" if headers.get("content-range", "") == "bytes */*" else "chunk"


def _object(method: str, path: str, query: Mapping[str, str]) -> str:
    if method == "DELETE":
        return "delete"
    if method in _CHANGES:
        return "change"
    return "read" if query.get("alt") == "media" or path.startswith("/download/") else "stat"
