"""Slides of a lesson, made of its notebook: prose, code, figures and the widgets.

A deck is one HTML page over reveal.js, which the package sphinx-revealjs carries.
Hints, solutions and checks stay in the notebook.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from importlib.util import find_spec
from pathlib import Path

from nbformat import NotebookNode

from website import slide
from website.pages import Shown, asks, facts, shown

_HERE = Path(__file__).parent
_REVEAL = ("reveal.js", "reveal.css", "reset.css")


def decks(lessons: Mapping[str, NotebookNode], live: Mapping[str, dict]) -> dict:
    """Every file that the decks need, by its name: pages, widgets, reveal.js."""
    files: dict[str, str | bytes] = dict(_carried())
    for name, notebook in lessons.items():
        found = live.get(name, {})
        pages = "\n".join(slides(notebook, name, found, files))
        title = escape(facts(notebook).title)
        files[f"{name}.html"] = _DECK.format(title=title, slides=pages)
    rows = [f'<li><a href="{name}.html">{escape(facts(notebook).title)}</a></li>'
            for name, notebook in lessons.items()]
    files["index.html"] = _INDEX.format(rows="\n".join(rows))
    return files


def slides(notebook: NotebookNode, name: str, live: Mapping, files: dict) -> list[str]:
    """The sections of a deck; pictures and widgets go to `files`."""
    deck = slide.Deck()
    cells = [cell for cell in notebook.cells if not _of_a_check(cell)]
    for cell in cells:
        if cell.cell_type == "markdown":
            deck.prose(cell.source)
            continue
        if not asks(cell):
            deck.code(cell.source)
        for output in shown(cell):
            if isinstance(output, str):
                deck.printed(output)
            elif output.widget and output.place in live:
                page = f"widgets/{name}-{len(files)}.html"
                files[page] = live[output.place]
                deck.widget(page, output.widget)
            else:
                _still(deck, output, f"{name}/{len(files)}.png", files)
    return deck.sections()


def _still(deck: slide.Deck, output: Shown, name: str, files: dict) -> None:
    files[name] = output.png
    deck.figure(name, output.alt)


def _of_a_check(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and "check." in cell.source and \
        "import" not in cell.source


def _carried() -> Iterator[tuple[str, str | bytes]]:
    """The files that every deck loads; they lie beside it."""
    package = find_spec("sphinx_revealjs")
    if package is None or package.origin is None:
        raise ValueError("reveal.js comes with sphinx-revealjs, which is not "
                         "installed; run `make setup`")
    folder = Path(package.origin).parent / "_static" / "revealjs"
    for name in _REVEAL:
        yield f"reveal/{name}", (folder / "dist" / name).read_bytes()
    yield "reveal/LICENSE", (folder / "LICENSE").read_bytes()
    for name in ("deck.css", "deck.js"):
        yield name, (_HERE / "slides" / name).read_bytes()
    yield "code.css", slide.colours()


_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
"""

_DECK = _HEAD.replace("{title}", "{title}: slides") + """\
<link rel="stylesheet" href="reveal/reset.css">
<link rel="stylesheet" href="reveal/reveal.css">
<link rel="stylesheet" href="code.css">
<link rel="stylesheet" href="deck.css">
</head>
<body>
<div class="reveal">
<main class="slides">
{slides}
</main>
</div>
<script src="reveal/reveal.js"></script>
<script src="deck.js"></script>
</body>
</html>
"""

_INDEX = _HEAD.replace("{title}", "Slides of all lessons") + """\
<link rel="stylesheet" href="deck.css">
</head>
<body class="list">
<main>
<h1>Slides of all lessons</h1>
<ol>
{rows}
</ol>
<p>Arrow keys or the space bar go on. Esc shows all slides at once, F fills the screen,
T changes between light and dark. While a widget has the keys, Page Down goes on.</p>
</main>
</body>
</html>
"""
