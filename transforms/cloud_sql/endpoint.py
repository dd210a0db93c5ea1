"""The Cloud SQL Auth Proxies of this process: one for each instance, address and login, shared by all threads."""

import atexit

from transforms.cloud_sql.instance import CloudSql
from transforms.cloud_sql.proxy import CloudSqlProxy
from transforms.process_registry import ProcessRegistry

_PROXIES = ProcessRegistry[tuple[CloudSql, bool], CloudSqlProxy]()


def endpoint(cloud_sql: CloudSql, iam_auth: bool) -> str:
    """The host by which libpq reaches an instance; starts the proxy if it does not run.

    Raises:
        UnreachableError: if the proxy cannot be started, or dies again at once.
        UsageError: if the folder of temporary files has too long a name for a socket.
    """
    key = cloud_sql, iam_auth
    with _PROXIES.held() as proxies:
        proxy = proxies.get(key)
        if proxy is not None and not proxy.process.is_alive():
            proxies.pop(key).end()
            proxy = None
        if proxy is None:
            proxy = proxies[key] = CloudSqlProxy(cloud_sql, iam_auth)
        return str(proxy.folder)


def said(cloud_sql: CloudSql, iam_auth: bool, since: float) -> str:
    """The proxy's output since a moment of `time.monotonic`, to append to a message; empty if there is none."""
    with _PROXIES.held() as proxies:
        proxy = proxies.get((cloud_sql, iam_auth))
        return proxy.said(since) if proxy else ""


def end_all() -> None:
    """End all proxies, and so their sessions."""
    with _PROXIES.held() as proxies:
        while proxies:
            proxies.popitem()[1].end()


atexit.register(end_all)
