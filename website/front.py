"""The front page, the page of all widgets, and the tour beside them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from nbformat import NotebookNode

from ifcn_lab.widgets import tour
from lessons import slides
from website.pages import Shown, facts, pictured, pictures

_HERE = Path(__file__).parent
_WORDS = ("no one two three four five six seven eight nine ten eleven twelve thirteen "
          "fourteen").split()


def pages(lessons: Mapping[str, NotebookNode], guides: Sequence[str]) -> dict:
    """The front page and the page of all widgets, with the widgets' pictures."""
    stops = {stop.name: stop for stop in tour.stops()}
    stills = {name: still_of(stop, lessons) for name, stop in stops.items()}
    files = {f"stills/{name}.png": still.png for name, still in stills.items()}
    shown = {
        name: pictured(f"stills/{name}.png", stills[name].alt,
                       f"tour/{name}.html", stop.title)
        for name, stop in stops.items()
    }
    index = (_HERE / "index.md").read_text(encoding="utf-8")
    sections = [f"## {stop.title}\n\n{stop.text}\n\n{shown[name]}"
                for name, stop in stops.items()]
    count = len(lessons)
    files["index.md"] = index.format(
        count=(_WORDS[count] if count < len(_WORDS) else str(count)).capitalize(),
        widget=shown["playground"], lessons=table(lessons),
        trees=trees(lessons, guides))
    files["widgets.md"] = "\n\n".join([_ALL, *sections]) + "\n"
    return files


def still_of(stop: tour.Stop, lessons: Mapping[str, NotebookNode]) -> Shown:
    """The picture that a lesson stored of the widget of a stop, as it stands there.

    Where no lesson shows the widget in this state, it is the first picture of its kind.

    Raises:
        ValueError: no lesson shows this widget.
    """
    widget = stop.make()
    name = type(widget).__name__
    found = [picture for notebook in lessons.values() for picture in pictures(notebook)
             if picture.widget == name]
    if not found:
        raise ValueError(f"no lesson shows the widget {name}, so there is no picture "
                         "of it; run `make notebooks`")
    said = widget.words()
    return next((picture for picture in found if picture.alt == said), found[0])


def table(lessons: Mapping[str, NotebookNode]) -> str:
    """The list of lessons: what each one is about, and how long it takes."""
    rows = ["| lesson | minutes | slides |", "| --- | --- | --- |"]
    for name, notebook in lessons.items():
        told, number = facts(notebook), int(name[:2])
        deck = (f'<a href="slides/{name}.html">slides'
                f'<span class="unseen"> of lesson {number}</span></a>'
                if slides.of(name) else "")
        rows.append(f"| **{number}. [{told.title}](lessons/{name}.md)**<br>"
                    f"{told.promise} | {told.minutes} | {deck} |")
    return "\n".join(rows)


def trees(lessons: Mapping[str, NotebookNode], guides: Sequence[str]) -> str:
    """What stands at the side of every page."""
    titles = [f"{int(name[:2])}. {facts(notebook).title} <lessons/{name}>"
              for name, notebook in lessons.items()]
    parts = {"Lessons": titles, "Move": ["All widgets <widgets>"], "Guides": guides}
    return "\n\n".join(
        "\n".join([f"```{{toctree}}\n:hidden:\n:caption: {caption}\n", *entries, "```"])
        for caption, entries in parts.items()
    )


def tour_pages() -> dict[str, bytes]:
    """The tour as `ifcn-lab export-widgets` writes it."""
    with tempfile.TemporaryDirectory() as folder:
        return {f"tour/{path.name}": path.read_bytes() for path in tour.export(folder)}


_ALL = """---
hide-toc: true
---

# All widgets

<div class="wide"></div>

Each one moves: with a mouse, a finger or the keyboard.
Tab reaches every part, and the arrow keys move it.
<a href="tour/index.html">The tour</a> shows the same ones on one page without frames \
of a site, to hand on as it is."""
