"""Slides of a lesson: what its source marks, and its notebook's figures and widgets.

A deck is one HTML page over reveal.js, which the package sphinx-revealjs carries.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
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
_POINTS = re.compile(r"^(?:.+:\n\s*\n)?(?:(?:- |\d\. ).+\n?)+", re.MULTILINE)
_MOST_POINTS = 900
"""Letters of a list that a slide has room for."""
_ASKS = re.compile(r"NotImplementedError|\bcheck\.|\bpredict\(")
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
        pictures = (out for out in outputs
                    if isinstance(out, Shown) and out.widget != "Inventory")
        first = min(pictures, key=lambda out: out.widget == "Predict", default=None)
        kind, figure = (_figure(first, f"{name}-{number + 1}", live, files) if first
                        else _written(slide, [code[n] for n in slide.near]))
        yield _SLIDE.format(
            kind=kind, level=2 if number else 1, lesson=escape(lesson), figure=figure,
            title=_MARKDOWN.renderInline(slide.title),
            sentence=_MARKDOWN.render(slide.sentence),
            notes=_MARKDOWN.render("\n\n".join(slide.notes)))


def _figure(found: Shown, name: str, live: Mapping, files: dict) -> tuple[str, str]:
    """The kind of a slide, and its widget, alive if it can be, or its figure."""
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


def _written(slide: Slide, cells: Sequence[NotebookNode]) -> tuple[str, str]:
    """The kind of a slide without a picture, and its points, or code that printed."""
    points = _POINTS.search("\n\n".join(slide.prose))
    if points and len(points[0]) <= _MOST_POINTS:
        return "points", f'<div class="list">{_MARKDOWN.render(points[0])}</div>'
    for cell in cells:
        said = "".join(out for out in shown(cell) if isinstance(out, str)).rstrip()
        size = _letters(f"{cell.source}\n{said}".split("\n"))
        if said and size >= 14 and not _ASKS.search(cell.source):
            return "code", (f'<figure style="font-size: {size:.1f}px">'
                            f"<pre><code>{escape(cell.source)}</code></pre>"
                            f"<pre><samp>{escape(said)}</samp></pre></figure>")
    return "alone", ""


def _letters(lines: Sequence[str]) -> float:
    """How large letters of code may be, in pixels, so that all of it has room.

    >>> _letters(["print(1)", "1"]), _letters(["x" * 80, "1"]), _letters(["x"] * 41)
    (23, 16.5, 8.0)
    """
    return min(23, 1320 / max(map(len, lines)), 328 / len(lines))


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
