"""An HTTP server on a free loopback port for stand-ins of Google's APIs: a function gets requests and answers JSON."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, TypeAlias

Answer: TypeAlias = tuple[int, object]
"""A status, and a JSON value; a text is sent as it is."""


@dataclass(frozen=True)
class Request:
    """A request: its method, its path without the query, its headers (by names in any case), and its body."""

    method: str
    path: str
    headers: Message
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - JSON
        """The JSON value that it holds."""
        return json.loads(self.body)


@contextmanager
def serving(answer: Callable[[Request], Answer], headers: Mapping[str, str] = {}) -> Iterator[str]:
    """Serve until exit; yields `host:port`.

    Args:
        answer: Called in a thread for each connection.
        headers: What every answer has besides.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, value = answer(Request(self.command, self.path.partition("?")[0], self.headers, body))
            is_text = isinstance(value, str)
            data = (value if isinstance(value, str) else json.dumps(value)).encode()
            self.send_response(status)
            own = {"Content-Type": "application/text" if is_text else "application/json", "Content-Length": len(data)}
            for name, text in {**headers, **own}.items():
                self.send_header(name, str(text))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_PUT = do_PATCH = do_CONNECT = do_GET  # noqa: N815 - the base class looks for these

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
