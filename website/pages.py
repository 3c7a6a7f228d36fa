"""Pages of the site as Markdown: a notebook with its outputs, a file of code."""

from __future__ import annotations

import json
import re
import tomllib
from base64 import b64decode
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import PurePosixPath
from typing import NamedTuple

from nbformat import NotebookNode

from ifcn_lab import widgets
from lessons import canonical, slides
from lessons.colab import of_the_lesson
from website.links import ROOT

_LANGUAGES = {".py": "python", ".json": "json", ".toml": "toml", ".yml": "yaml",
              ".js": "javascript", ".css": "css"}
_NAME = re.compile(r"(\w+)\(")
_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
COLAB = _PROJECT["urls"]["Repository"].replace(
    "https://github.com", "https://colab.research.google.com/github") + "/blob/main"


class Shown(NamedTuple):
    """A picture that a notebook stored, and the widget it stands for, if it does."""

    png: bytes
    alt: str
    widget: str
    place: tuple[str, int]
    """The cell's id, and how many widgets stood in that cell before."""


class Facts(NamedTuple):
    """What a lesson says of itself in its opening."""

    title: str
    promise: str
    minutes: str
    seconds: str


def facts(notebook: NotebookNode) -> Facts:
    """The title, the promise and the times of a lesson."""
    prose = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    opening = "\n\n".join(prose[:3])
    title = re.sub(r"^# (?:\d+\. )?", "", prose[0].splitlines()[0])
    paragraphs = [p for p in opening.split("\n\n") if not p.startswith("#")]
    times = [re.search(rf"(\d+) {unit}", opening) for unit in ("minutes", "seconds")]
    return Facts(title, paragraphs[0].replace("\n", " "), *(t[1] for t in times if t))


def lesson(notebook: NotebookNode, name: str, live: Mapping) -> dict[str, str | bytes]:
    """The files of a lesson's page, by their names: Markdown, pictures, widgets."""
    files: dict[str, str | bytes] = {}
    parts: list[str] = []
    for cell in of_the_lesson(notebook):
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        parts.append(fenced(cell.source, "python"))
        for output in shown(cell):
            if isinstance(output, str):
                parts.append(fenced(output, "text", "output"))
                continue
            number = sum(file.endswith(".png") for file in files) + 1
            picture, page = f"{name}/{number}.png", f"widgets/{name}-{number}.html"
            files[f"lessons/{picture}"] = output.png
            if output.place in live and output.widget:
                files[page] = live[output.place]
                parts.append(pictured(picture, output.alt, f"../{page}", output.widget))
            else:
                parts.append(_image(picture, output.alt))
    parts.insert(1, _products(name))
    files[f"lessons/{name}.md"] = "\n\n".join(parts) + "\n"
    return files


def shown(cell: NotebookNode) -> Iterator[str | Shown]:
    """What a code cell stored, in order: text that was printed, and pictures."""
    known, count = {*widgets.__all__, "Inventory"}, 0
    for output in cell.outputs:
        data = output.get("data", {})
        if "image/png" in data:
            said = _NAME.match(data.get("text/plain", ""))
            name = said[1] if said and said[1] in known else ""
            yield Shown(b64decode(data["image/png"]), canonical.alt(output) or "",
                        name, (cell.id, count))
            count += bool(name)
        elif output.output_type == "error":
            yield "\n".join(output.traceback)
        elif text := output.get("text") or data.get("text/plain"):
            yield text


def has_widgets(notebook: NotebookNode) -> bool:
    """Whether a notebook shows anything that can be moved."""
    return any(picture.widget for picture in pictures(notebook))


def pictures(notebook: NotebookNode) -> Iterator[Shown]:
    """The pictures that a notebook stored, in order."""
    code = (cell for cell in notebook.cells if cell.cell_type == "code")
    return (s for cell in code for s in shown(cell) if not isinstance(s, str))


def code(path: PurePosixPath, text: str) -> str:
    """A page that shows a file; no search finds it, and no list of pages names it."""
    language = _LANGUAGES.get(path.suffix, "text")
    return (f"---\norphan: true\nnosearch: true\n---\n\n# {path.name}\n\n"
            f"`{path}`\n\n{fenced(text, language)}\n")


def fenced(text: str, language: str, kind: str = "") -> str:
    """A block of code, whatever backticks it holds.

    >>> print(fenced("a = 1", "python"))
    ```{code-block} python
    <BLANKLINE>
    a = 1
    ```
    """
    runs = re.findall(r"`+", text)
    fence = "`" * max(3, 1 + max(map(len, runs), default=0))
    option = f":class: {kind}\n" if kind else ""
    return f"{fence}{{code-block}} {language}\n{option}\n{text.rstrip()}\n{fence}"


def _image(picture: str, alt: str) -> str:
    words = json.dumps(" ".join(alt.split()), ensure_ascii=False)
    return f"```{{image}} {picture}\n:alt: {words}\n:class: shown\n```"


def pictured(picture: str, alt: str, page: str, title: str) -> str:
    """The still picture of a widget; `site.js` puts the widget in its place."""
    return (f'<div class="widget" data-page="{escape(page)}" '
            f'data-title="{escape(title)}: a widget to move">\n\n'
            f"{_image(picture, alt)}\n\n</div>")


def _products(name: str) -> str:
    links = [f'<a href="../notebooks/{name}.ipynb" download>Download the notebook</a>',
             f'<a href="{COLAB}/notebooks/{name}.ipynb">Open in Colab</a>']
    if slides.of(name):
        links.insert(0, f'<a href="../slides/{name}.html">Slides of this lesson</a>')
    return f'<p class="products">{" ".join(links)}</p>'
