"""A real HTTP server on this machine that behaves as badly as it is told to."""

from __future__ import annotations

import time
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
    truth; a negative one leaves it out. ``pause``: seconds after each megabyte.
    """

    body: bytes = b""
    cuts: list[int] = field(default_factory=list)
    ranges: bool = True
    mark: str = '"one"'
    status: int = 200
    length: int | None = None
    wrong_start: bool = False
    encoding: str = ""
    pause: float = 0.0
    asked: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[Behaviour]:
    """Serve while the block runs; any path gives the body."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self, behaviour)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    behaviour.url = f"http://127.0.0.1:{server.server_port}/data.bin"
    try:
        yield behaviour
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(request: BaseHTTPRequestHandler, how: Behaviour) -> None:
    asked = request.headers.get("Range", "")
    how.asked.append(asked)
    start = int(asked[len("bytes="):-1]) if asked and how.ranges else 0
    if request.headers.get("If-Range", how.mark) != how.mark:
        start = 0
    if start and start >= len(how.body):
        return refuse(request, how)
    request.send_response(206 if start else how.status)
    rest = how.body[start:]
    send_headers(request, how, start, len(rest))
    cut = how.cuts.pop(0) if how.cuts else len(rest)
    request.close_connection = True
    with suppress(ConnectionError):  # who asked may have been killed
        for first in range(0, cut, 1_000_000):
            request.wfile.write(rest[first : min(first + 1_000_000, cut)])
            time.sleep(how.pause)


def refuse(request: BaseHTTPRequestHandler, how: Behaviour) -> None:
    request.send_response(416)
    request.send_header("Content-Range", f"bytes */{len(how.body)}")
    request.end_headers()


def send_headers(
    request: BaseHTTPRequestHandler, how: Behaviour, start: int, rest: int
) -> None:
    length = rest if how.length is None else how.length
    headers = {"ETag": how.mark, "Content-Encoding": how.encoding}
    headers["Content-Length"] = str(length) if length >= 0 else ""
    if start:
        first, whole = start + how.wrong_start, len(how.body)
        headers["Content-Range"] = f"bytes {first}-{whole - 1}/{whole}"
    for name, value in headers.items():
        if value:
            request.send_header(name, value)
    request.end_headers()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach this machine's own server, whatever proxy is set for others."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
