"""Still pictures of widgets, taken in a browser when a notebook is built.

A widget's output brings its page (`lessons.capture`). Here the page gives way to a PNG
of it, which is seen where no widget can run. Debian's package `chromium` is enough;
IFCN_LAB_CHROMIUM can name another browser.
"""

from __future__ import annotations

import os
import shutil
from base64 import b64encode
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import nbformat
from nbformat import NotebookNode

from lessons.canonical import small
from lessons.capture import PAGE

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
SCREEN = {"width": 1012, "height": 640}
"""A widget is 980 pixels wide at most; the page has a margin of 16."""
PATIENCE = 600_000
"""Milliseconds that a page may take; it goes on as soon as it is there."""
SETTLED = """() => new Promise(done => requestAnimationFrame(() =>
  requestAnimationFrame(() => setTimeout(done, 600))))"""
"""Waits by the page's own clock, however slow: until what is asked for is painted, and
said, as a widget's words follow twice a second."""
Still = tuple[str, str]
"""The cell's id and the widget's `repr`: what a stored picture is found by."""


def chromium() -> str | None:
    """The path of a browser, or None."""
    named = os.environ.get("IFCN_LAB_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


def put(notebook: NotebookNode, before: NotebookNode | None = None) -> list[str]:
    """Put a picture in the place of every widget's page.

    Args:
        notebook: as it was just run; changed in place.
        before: the stored notebook, whose pictures stay where there is no browser.

    Returns:
        a sentence for each widget that has no picture.
    """
    shown = list(_shown(notebook))
    pages = [output.data.pop(PAGE) for _, output in shown]
    pictures = ([b64encode(png).decode() for png in taken(pages)] if chromium()
                else _stored(before, shown))
    missing = []
    for (still, output), picture in zip(shown, pictures, strict=True):
        words = output.metadata.pop(PAGE)
        if not picture:
            missing.append(f"{still[1]} has no picture: there is no browser to take "
                           "one. Install Chromium, or name a browser in "
                           "IFCN_LAB_CHROMIUM")
            continue
        output.data["image/png"] = picture
        output.metadata["image/png"] = nbformat.from_dict(words)
    return missing


def taken(pages: Sequence[str]) -> list[bytes]:
    """A PNG of the widget on each page, as it first shows itself.

    The same page gives the same picture in the same browser: nothing moves.
    """
    if not pages:
        return []
    with ThreadPoolExecutor(1) as apart:  # Jupyter's loop may run in this thread
        return apart.submit(_taken, pages).result()


def _taken(pages: Sequence[str]) -> list[bytes]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox"], timeout=PATIENCE)
        context = browser.new_context(viewport=SCREEN, offline=True,
                                      color_scheme="light", reduced_motion="reduce")
        context.set_default_timeout(PATIENCE)
        view = context.new_page()
        found = [small(_picture(view, page)) for page in pages]
        browser.close()
    return found


def _picture(view: object, page: str) -> bytes:
    """The widget's pixels, once they no longer change."""
    view.goto("about:blank")  # modules of the page before must not run on
    view.set_content(page)
    widget = view.locator(".ifcn")
    widget.wait_for()
    now, last = widget.screenshot(animations="disabled"), b""
    while now != last:
        view.evaluate(SETTLED)
        now, last = widget.screenshot(animations="disabled"), now
    return now


def _stored(
    before: NotebookNode | None, shown: Sequence[tuple[Still, NotebookNode]]
) -> list[str]:
    """The pictures that the stored notebook has of these widgets; "" where none."""
    left: dict[Still, list[str]] = {}
    for cell, output in _outputs(before) if before else ():
        if png := output.data.get("image/png"):
            left.setdefault(_still(cell, output), []).append(png)
    return [left[still].pop(0) if left.get(still) else "" for still, _ in shown]


def _shown(notebook: NotebookNode) -> Iterator[tuple[Still, NotebookNode]]:
    return ((_still(cell, output), output) for cell, output in _outputs(notebook)
            if PAGE in output.data)


def _outputs(notebook: NotebookNode) -> Iterator[tuple[NotebookNode, NotebookNode]]:
    return ((cell, output) for cell in notebook.cells
            for output in cell.get("outputs", []) if "data" in output)


def _still(cell: NotebookNode, output: NotebookNode) -> Still:
    return cell.id, output.data.get("text/plain", "")
