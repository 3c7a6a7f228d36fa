"""axe-core reads the built site, in light and in dark, and finds nobody shut out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.site_cases import RUN, Built
from website import build

SHEET = """<!doctype html><html lang="en"><head><title>t</title></head>
<body><main><h1>t</h1>{}</main></body></html>"""
ALL = {"resultTypes": ["violations"]}
COLOURS = ALL | {"runOnly": ["color-contrast", "link-in-text-block"]}
# Code has the same colours everywhere, and a long page has thousands of coloured words.
FEW = """() => document.querySelectorAll("article .highlight").forEach(
  (block, number) => number < 4 || block.remove())"""


def serious(page: object, options: dict = ALL) -> list[str]:
    """What axe-core finds on a page that shuts someone out."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options=options).response["violations"]
    return [f"{rule['id']}: {node['target']} {node['html'][:150]}" for rule in found
            if rule["impact"] in ("serious", "critical") for node in rule["nodes"]]


def looked_at(built: Built) -> Iterator[str]:
    """Front page, every lesson, guides, the tour, widgets of every kind, a deck."""
    yield from ("index.html", "widgets.html", "search.html", "TEACHING.html")
    yield from (f"lessons/{name}.html" for name in build.notebooks())
    for folder, most in (("guide", 4), ("data", 1), ("tour", 20), ("code", 1)):
        pages = sorted(built.folder.glob(f"{folder}/**/*.html"))[:most]
        yield from (path.relative_to(built.folder).as_posix() for path in pages)
    yield from (f"widgets/{path.name}" for path in built.folder.glob(
        f"widgets/{RUN}-*.html"))
    yield from ("slides/index.html", f"slides/{RUN}.html", f"slides/{RUN}.html#/3")


@pytest.mark.parametrize(
    ("scheme", "options"), [("light", ALL), ("dark", COLOURS)], ids=["light", "dark"])
def test_axe_core_finds_nothing_serious(
    built: Built, seen: Callable, scheme: str, options: dict
) -> None:
    found = seen("index.html", color_scheme=scheme)
    wrong = {}
    for name in looked_at(built):
        found.page.goto(f"{built.folder.as_uri()}/{name}")
        if name.startswith(("widgets/", "tour/")) and "index" not in name:
            found.page.wait_for_selector(".ifcn")
        found.page.evaluate(FEW)
        wrong[name] = serious(found.page, options)
    assert len(wrong) > 20
    assert {name: what for name, what in wrong.items() if what} == {}


@pytest.mark.parametrize(("body", "rule"), [
    ('<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">', "image-alt"),
    ('<p style="color: #999; background: #fff">faint</p>', "color-contrast"),
    ("<button></button>", "button-name"),
    ('<input type="range">', "label"),
])
def test_axe_core_finds_what_is_wrong(
    body: str, rule: str, browser: object, tmp_path: Path
) -> None:
    (tmp_path / "page.html").write_text(SHEET.format(body))
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    assert [what.split(":")[0] for what in serious(page)] == [rule]
    page.close()


def test_faint_words_are_found_in_the_dark_too(built: Built, seen: Callable) -> None:
    found = seen("index.html", color_scheme="dark")
    found.page.evaluate("document.querySelector('article p').style.color = '#444'")
    assert any("color-contrast" in what for what in serious(found.page, COLOURS))
