"""The Playground in Firefox, once: it opens, and its networks answer as Python does.

Firefox is driven by no library here. The page is served from this machine with a few
lines more, which press the button and send back what is said.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest

from ifcn_lab.widgets.playground import Playground

NAMES = ("firefox-esr", "firefox")
PATIENCE = 600
SENDING = """
<script type="module">
const look = (right) => new Promise((done) => {
  const again = () => (right() ? done() : setTimeout(again, 50));
  again();
});
const root = () => document.querySelector(".ifcn");
const answered = () => root()?.dataset.answered && root().dataset.by !== "recorded";
const send = (said) => fetch("/said", { method: "POST", body: said });
addEventListener("error", ({ message }) => send(message));
await look(answered);
ifcnModel.set("beside", true);
await look(() => answered() && document.querySelector(".ifcn-words").textContent
  .includes("Beside it"));
send(`${root().dataset.by}: ${document.querySelector(".ifcn-words").textContent}`);
</script>
</body>"""


class Page(ThreadingHTTPServer):
    """Serves one page, and keeps what it sends."""

    def __init__(self, html: str) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.html, self.said = html.encode(), Queue()


class Answer(BaseHTTPRequestHandler):
    """Gives the page, and takes its words."""

    def do_GET(self) -> None:
        self.reply(self.server.html if self.path == "/" else b"")

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.said.put(self.rfile.read(length).decode())
        self.reply(b"")

    def reply(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *told: object) -> None:
        """Say nothing on stderr."""


@pytest.fixture
def firefox() -> str:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Firefox: install Debian's package firefox-esr")
    return path


@pytest.fixture
def page() -> Iterator[Page]:
    html = Playground().html().replace("</body>", SENDING, 1)
    with Page(html) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_the_playground_thinks_in_firefox(
    firefox: str, page: Page, tmp_path: Path
) -> None:
    command = [firefox, "--headless", "--no-remote", "--profile", str(tmp_path),
               f"http://127.0.0.1:{page.server_port}/"]
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        said = page.said.get(timeout=PATIENCE)
    finally:
        browser.terminate()
        browser.wait()
    widget = Playground()
    widget.beside = True
    assert said == f"WebAssembly: {widget.words()}"
