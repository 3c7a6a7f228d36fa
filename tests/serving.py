"""A real HTTP server on this machine that behaves as badly as it is told to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest


@dataclass
class Behaviour:
    """What is served, and how.

    ``cuts``: for each request in turn, after how many bytes the connection is cut;
    later ones run to the end. ``length``: what Content-Length says instead of the
    truth; a negative one leaves it out. ``asked``: the paths that were asked for.
    """

    body: bytes = b""
    cuts: list[int] = field(default_factory=list)
    status: int = 200
    reason: str = ""
    length: int | None = None
    encoding: str = ""
    asked: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(behaviour: Behaviour, name: str = "data.bin") -> Iterator[Behaviour]:
    """Serve while the block runs; any path gives the body, ``url`` ends in a name."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self, behaviour)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    behaviour.url = f"http://127.0.0.1:{server.server_port}/{name}"
    try:
        yield behaviour
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(request: BaseHTTPRequestHandler, how: Behaviour) -> None:
    how.asked.append(request.path)
    length = len(how.body) if how.length is None else how.length
    request.send_response(how.status, how.reason or None)
    if length >= 0:
        request.send_header("Content-Length", str(length))
    if how.encoding:
        request.send_header("Content-Encoding", how.encoding)
    request.end_headers()
    request.close_connection = True
    with suppress(ConnectionError):  # who asked may have read enough
        request.wfile.write(how.body[: how.cuts.pop(0) if how.cuts else None])


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach this machine's own server, whatever proxy is set for others."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
