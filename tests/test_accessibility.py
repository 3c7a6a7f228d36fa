"""For every reader: figures have words, and headings have an order."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from lessons import canonical
from tests.site_cases import Built, Page, skipped
from website import links

NOTEBOOKS = sorted((links.ROOT / "notebooks").rglob("[0-9][0-9]_*.ipynb"))
_PICTURE = re.compile(r"!\[(.*?)\]\(([^)\s]+)[^)]*\)", re.DOTALL)
_FENCE = re.compile(r"^(`{3,}).*?^\1`*$", re.MULTILINE | re.DOTALL)


def mute_figures(notebook: NotebookNode) -> list[str]:
    """Every figure of a notebook that says nothing to those who do not see it."""
    found = []
    for number, cell in enumerate(notebook.cells):
        mute = [o for o in cell.get("outputs", []) if canonical.alt(o) == ""]
        found += [f"cell {number}: an output"] * len(mute)
        if cell.cell_type == "markdown":
            prose = _FENCE.sub("", cell.source)
            found += [f"cell {number}: {picture[2]}"
                      for picture in _PICTURE.finditer(prose) if not picture[1].strip()]
            found += [f"cell {number}: {tag}" for tag in Page(prose).mute]
    return found


def levels(notebook: NotebookNode) -> list[int]:
    """The levels of a notebook's headings, in order."""
    prose = "\n\n".join(_FENCE.sub("", cell.source) for cell in notebook.cells
                        if cell.cell_type == "markdown")
    found = re.findall(r"^(#{1,6}) |<h([1-6])\b", prose, re.MULTILINE)
    return [len(marks) or int(level) for marks, level in found]


def by_name(path: Path) -> str:
    return path.relative_to(links.ROOT / "notebooks").as_posix()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_every_figure_of_a_notebook_has_words(path: Path) -> None:
    assert mute_figures(nbformat.read(path, as_version=4)) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_headings_of_a_notebook_are_in_order(path: Path) -> None:
    assert skipped(levels(nbformat.read(path, as_version=4))) == ""


def test_every_figure_of_every_page_has_words(built: Built) -> None:
    pages = {p: Page(p.read_text("utf-8")).mute for p in built.pages()}
    assert {path.name: mute for path, mute in pages.items() if mute} == {}


def test_headings_of_every_page_are_in_order(built: Built) -> None:
    found = {}
    for path in built.pages():
        page = Page(path.read_text("utf-8"))
        if path.parent.name == "widgets" or path.parent.name == "tour":
            continue  # a widget makes its own page; axe-core looks at it below
        found[path.relative_to(built.folder).as_posix()] = skipped(page.levels)
    assert len(found) > 20
    assert {name: what for name, what in found.items() if what} == {}


def test_every_link_and_picture_of_a_guide_has_words() -> None:
    guides = [*links.ROOT.glob("*.md"), *links.ROOT.glob("guide/*.md")]
    mute = [(guide.name, picture[2]) for guide in guides
            for picture in _PICTURE.finditer(_FENCE.sub("", guide.read_text("utf-8")))
            if not picture[1].strip()]
    assert mute == []


@pytest.mark.parametrize("source", [
    "![](map.png)", "![ ](map.png)", '<img src="map.png">', '<img src="a.png" alt="">',
    "<svg><path d='M0 0'/></svg>", '<iframe src="a.html"></iframe>',
])
def test_a_figure_without_words_is_found(source: str) -> None:
    cells = [nbformat.v4.new_markdown_cell(f"# Title\n\n{source}")]
    assert mute_figures(nbformat.v4.new_notebook(cells=cells)) != []


@pytest.mark.parametrize("said", [{}, {"image/png": {}}, {"image/png": {"alt": ""}}])
def test_an_output_without_words_is_found(said: dict) -> None:
    data = {"image/png": "AA"}
    output = nbformat.v4.new_output("display_data", data, metadata=said)
    cell = nbformat.v4.new_code_cell("x", outputs=[output])
    assert mute_figures(nbformat.v4.new_notebook(cells=[cell])) == ["cell 0: an output"]


@pytest.mark.parametrize("source", ["## No title", "# A\n\n# B", "# A\n\n### C", ""])
def test_headings_out_of_order_are_found(source: str) -> None:
    cells = [nbformat.v4.new_markdown_cell(source)]
    assert skipped(levels(nbformat.v4.new_notebook(cells=cells)) or [0]) != ""
