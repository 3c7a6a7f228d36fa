"""The site, built once for all tests, and what can be wrong with a page.

One lesson is run for its widgets, the quickest. The others show still pictures, unless
`make site` has run them already; the page of all widgets shows every one alive.
"""

from __future__ import annotations

import os
import pickle
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import pytest

from website import build, live

RUN = "01_translation_invariance"
LAPTOP, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
_VOID = {"img", "link", "meta", "input", "br", "hr", "source", "area", "col", "wbr"}


class Built(NamedTuple):
    """The site's folder, what Sphinx said against it, which lessons are alive."""

    folder: Path
    warnings: str
    widgets: dict[str, dict]

    def pages(self) -> list[Path]:
        """Every page of the site, slides, tour and widgets among them."""
        return sorted(self.folder.rglob("*.html"))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this session; with pytest-xdist its workers share it."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def once(folder: Path, make: Callable[[], object]) -> object:
    """What `make` returns, made by the first worker that asks; the others wait."""
    made = folder.with_name(folder.name + "-made")
    try:
        folder.mkdir()
    except FileExistsError:
        for _ in range(18_000):
            if made.is_file():
                break
            time.sleep(0.2)
        else:
            raise TimeoutError(f"{folder} was not made in an hour; was the process "
                               "that makes it killed?") from None
    else:
        _tell(made, make)
    found = pickle.loads(made.read_bytes())
    if isinstance(found, Exception):
        raise found
    return found


def _tell(made: Path, make: Callable[[], object]) -> None:
    """Write what was made, or why it was not, whole or not at all."""
    try:
        found = make()
    except Exception as error:
        found = RuntimeError(str(error))
    half = made.with_suffix(".half")
    half.write_bytes(pickle.dumps(found))
    half.replace(made)


@pytest.fixture(scope="session")
def alive(shared: Path) -> tuple[Path, dict]:
    """The pages of the widgets of a lesson that was really run, and where they lie."""
    kept = shared / "widgets"
    lesson = build.ROOT / "notebooks" / f"{RUN}.ipynb"
    return kept, once(kept, lambda: live.pages(lesson, kept))


@pytest.fixture(scope="session")
def built(alive: tuple, shared: Path) -> Built:
    """The whole site."""
    return once(shared / "made", lambda: _build(shared / "made" / "site", alive[1]))


def _build(folder: Path, widgets: dict) -> Built:
    found = build.widgets(build.notebooks(), run=False) | {RUN: widgets}
    return Built(folder, build.site(folder, found), found)


@pytest.fixture(scope="session")
def served(built: Built) -> Iterator[str]:
    """The address of the site on a server of this machine."""
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    handler = partial(quiet, directory=str(built.folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class Seen:
    """A page in a browser that reaches nothing but the site; what went wrong there."""

    def __init__(self, context: object, own: str) -> None:
        self.page, self.wrong = context.new_page(), []
        context.route("**/*", lambda route: self._pass(route, own))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", self._note)

    def _pass(self, route: object, own: str) -> None:
        url = route.request.url
        if url.startswith((own, "data:", "blob:")):
            route.continue_()
        else:
            self.wrong.append(f"asks for {url}")
            route.abort()

    def _note(self, message: object) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(message.text)


@pytest.fixture
def seen(browser: object, built: Built, served: str) -> Iterator[Callable[..., Seen]]:
    """Open a page of the site, from disk or from the server."""
    contexts = []

    def see(name: str, size: dict = LAPTOP, disk: bool = True, **more: object) -> Seen:
        own = built.folder.as_uri() if disk else served
        contexts.append(browser.new_context(viewport=size, **more))
        found = Seen(contexts[-1], own)
        found.page.goto(f"{own}/{name}")
        return found

    yield see
    for context in contexts:
        context.close()


class Page(HTMLParser):
    """The links, anchors, figures and headings of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.mute: list[str] = []
        self.levels: list[int] = []
        self._hidden: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        """Note what a tag brings."""
        given = {name: value or "" for name, value in attrs}
        if self._hidden or (tag == "svg" and given.get("aria-hidden") == "true"):
            self._hidden += [tag] if tag not in _VOID else []
            return
        self.ids |= {given[n] for n in ("id", "name") if given.get(n)}
        if tag in ("a", "area") and "href" in given:
            self.links.append(given["href"])
        for name in ("src", "data-src", "data-page", "poster"):
            self.loaded += [given[name]] if given.get(name) else []
        if tag == "link" and "href" in given:
            self.loaded.append(given["href"])
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if _is_mute(tag, given):
            self.mute.append(f"<{tag} {' '.join(map('='.join, given.items()))[:80]}>")

    def handle_endtag(self, tag: str) -> None:
        """Leave what is hidden from every reader."""
        if self._hidden and self._hidden[-1] == tag:
            self._hidden.pop()


def _is_mute(tag: str, given: dict[str, str]) -> bool:
    named = any(given.get(n) for n in ("aria-label", "aria-labelledby", "title"))
    if tag == "img":
        return not given.get("alt", "").strip()
    if tag == "svg":
        return not named and given.get("role") != "presentation"
    return tag in ("iframe", "object", "embed", "video") and not named


def skipped(levels: list[int]) -> str:
    """What is wrong with the order of headings; empty if nothing is."""
    if levels.count(1) != 1 or levels[0] != 1:
        return f"headings {levels[:12]}: one h1 has to come first"
    jumps = [(a, b) for a, b in zip(levels, levels[1:], strict=False) if b > a + 1]
    return f"h{jumps[0][1]} follows h{jumps[0][0]}" if jumps else ""


def elsewhere(name: str, text: str) -> list[str]:
    """What a page, a style sheet or a script would load from another host."""
    found = []
    if name.endswith(".html"):
        found = [at for at in Page(text).loaded if re.match(r"(https?:)?//", at)]
    return found + re.findall(
        r"(?:@import\s*(?:url\()?|url\(|fetch\(|import\(|from|\.src\s*=)\s*[\"'`]?"
        r"((?:https?:)?//[\w.-]+\.\w+[^\s\"'`)]*)", text)


def dead_links(folder: Path) -> list[str]:
    """Every link, picture and script of a folder of pages that leads to nothing."""
    pages = {path: Page(path.read_text("utf-8")) for path in folder.rglob("*.html")}
    found = []
    for path, page in pages.items():
        for link in {*page.links, *page.loaded}:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = path.parent / unquote(parts.path)
            there = target.resolve() if parts.path else path
            known = pages[there].ids if there in pages else set()
            place = unquote(parts.fragment)
            lost = place and there in pages and place not in known
            if not there.is_file() or (lost and not place.startswith("/")):
                found.append(f"{path.relative_to(folder)}: {link}")
    return found
