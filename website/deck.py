"""Slides of a lesson: what its source marks, and its notebook's figures and widgets.

A deck is one HTML page over reveal.js, which the package sphinx-revealjs carries.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from html import escape
from importlib.util import find_spec
from pathlib import Path

from markdown_it import MarkdownIt
from nbformat import NotebookNode

from lessons import slides
from lessons.colab import of_the_lesson
from lessons.slides import Slide
from website.pages import Shown, facts, shown

_HERE = Path(__file__).parent
_REVEAL = ("reveal.js", "reveal.css", "reset.css")
_WIDE = 1.9
"""A figure that is wider, for its height, stands below the sentence, not beside it."""
_MARKDOWN = MarkdownIt("commonmark").enable("table")
for _link in ("link_open", "link_close"):  # they lead from the lesson, not from here
    _MARKDOWN.add_render_rule(_link, lambda *_: "")


def decks(lessons: Mapping[str, NotebookNode], live: Mapping[str, dict]) -> dict:
    """Every file that the decks need, by its name: pages, widgets, reveal.js.

    A lesson that marks no slides has no deck.
    """
    files: dict[str, str | bytes] = dict(_carried())
    rows = []
    for name, notebook in lessons.items():
        if marked := slides.of(name):
            title = escape(facts(notebook).title)
            made = sections(marked, notebook, name, live.get(name, {}), files)
            files[f"{name}.html"] = _DECK.format(title=title, slides="\n".join(made))
            rows.append(f'<li><a href="{name}.html">{title}</a></li>')
    files["index.html"] = _INDEX.format(rows="\n".join(rows))
    return files


def sections(marked: list[Slide], notebook: NotebookNode, name: str, live: Mapping,
             files: dict) -> Iterator[str]:
    """The slides of a deck as HTML; pictures and widgets go to `files`.

    Raises:
        ValueError: the notebook was not built from this lesson.
    """
    code = [cell for cell in of_the_lesson(notebook) if cell.cell_type == "code"]
    lesson = f"{int(name[:2])}. {facts(notebook).title}"
    for number, slide in enumerate(marked):
        if max(slide.cells, default=-1) >= len(code):
            raise ValueError(f"notebooks/{name}.ipynb has {len(code)} code cells, its "
                             "lesson has more: run `make notebooks`")
        outputs = (out for n in slide.cells for out in shown(code[n]))
        pictures = (out for out in outputs if isinstance(out, Shown))
        first = min(pictures, key=lambda out: out.widget == "Predict", default=None)
        kind, figure = _figure(first, f"{name}-{number + 1}", live, files)
        yield _SLIDE.format(
            kind=kind, level=2 if number else 1, lesson=escape(lesson), figure=figure,
            title=_MARKDOWN.renderInline(slide.title),
            sentence=_MARKDOWN.render(slide.sentence),
            notes=_MARKDOWN.render("\n\n".join(slide.notes)))


def _figure(
    found: Shown | None, name: str, live: Mapping, files: dict
) -> tuple[str, str]:
    """The kind of a slide, and its widget, alive if it can be, or its figure."""
    if found is None:
        return "alone", ""
    if found.widget and found.place in live:
        page = f"widgets/{name}.html"
        files[page] = live[found.place]
        title = f"{found.widget}: a widget to move"
        return "widget", (f'<div class="frame"><iframe data-src="{page}" '
                          f'title="{title}"></iframe></div>')
    picture = f"pictures/{name}.png"
    files[picture] = found.png
    width, height = struct.unpack(">II", found.png[16:24])  # as a PNG says in its head
    words = escape(" ".join(found.alt.split()))
    return ("wide" if width > _WIDE * height else "beside",
            f'<img src="{picture}" alt="{words}">')


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


_SLIDE = """<section class="{kind}">
<p class="lesson">{lesson}</p>
<h{level}>{title}</h{level}>
<div class="body">
<div class="sentence">{sentence}</div>
{figure}
</div>
<aside class="notes">{notes}</aside>
</section>"""

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
T changes between light and dark, N shows what the speaker says and P prints
the slides with it. While a widget has the keys, Page Down goes on.</p>
</main>
</body>
</html>
"""
