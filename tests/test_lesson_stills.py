"""Still pictures of widgets: taken of their pages, put into notebooks, kept there."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from ifcn_course.inventory.widget import Inventory
from ifcn_lab.widgets import Assembler, Predict, tour
from lessons import build, canonical, stills
from lessons.capture import PAGE
from tests.lesson_cases import TINY

needs_browser = pytest.mark.skipif(stills.chromium() is None, reason="no Chromium")
ASKS = """
```{code-cell}
from ifcn_lab.widgets import Assembler, Predict

Predict("Which?", options=["one", "two"], answer="two", why="So it is.")
```

Guess.

```{code-cell}
Assembler.from_maps([[[0]]], m=0)
```

This one cannot be shown.
"""


def ran(*pages: tuple[str, str, str]) -> nbformat.NotebookNode:
    """A notebook as the kernel leaves it: of each widget its repr, page and words."""
    outputs = [new_output("execute_result", data={"text/plain": said, PAGE: page},
                          metadata={PAGE: {"alt": words}})
               for said, page, words in pages]
    return new_notebook(cells=[new_code_cell("show()", id="one", outputs=outputs)])


def picture(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(png)).convert("RGB"))


@pytest.fixture
def no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a browser."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("IFCN_LAB_CHROMIUM", raising=False)
    assert stills.chromium() is None


@needs_browser
def test_the_same_page_gives_the_same_small_picture() -> None:
    widgets = [stop.make() for stop in tour.stops()] + [Inventory("before")]
    pages = [widget.html() for widget in widgets]
    first, again = stills.taken(pages), stills.taken(pages)
    assert first == again
    for widget, png in zip(widgets, first, strict=True):
        name = type(widget).__name__
        shown = picture(png)
        assert 100 < shown.shape[0] < 700 and 600 < shown.shape[1] <= 980, name
        assert len(png) < 100_000, name
        assert len(np.unique(shown.reshape(-1, 3), axis=0)) > 20, name


@needs_browser
def test_a_picture_shows_what_is_wrong_and_no_answer() -> None:
    bad = Assembler.from_maps(np.zeros((5, 4, 4)), 3)
    asked = [Predict("Which?", options=["one", "two"], answer=each, why=each)
             for each in ("one", "two")]
    wrong, one, other = stills.taken([w.html() for w in (bad, *asked)])
    assert one == other
    assert picture(wrong).shape[1] > 600 and picture(wrong).min() < 100


def test_without_a_browser_pictures_stay_and_words_are_new(no_browser: None) -> None:
    before = new_notebook(cells=[new_code_cell("show()", id="one", outputs=[
        new_output("execute_result", data={"text/plain": said, "image/png": png})
        for said, png in (("Quiz()", "AAAA"), ("Quiz()", "BBBB"), ("Old()", "CCCC"))])])
    now = ran(("Quiz()", "<p>", "a"), ("New()", "<p>", "b"), ("Quiz()", "<p>", "c"))
    missing = stills.put(now, before)
    assert len(missing) == 1 and missing[0].startswith("New() has no picture")
    assert "IFCN_LAB_CHROMIUM" in missing[0]
    shown = [(output.data, output.metadata) for output in now.cells[0].outputs]
    assert shown == [
        ({"text/plain": "Quiz()", "image/png": "AAAA"}, {"image/png": {"alt": "a"}}),
        ({"text/plain": "New()"}, {}),
        ({"text/plain": "Quiz()", "image/png": "BBBB"}, {"image/png": {"alt": "c"}}),
    ]
    assert canonical.problems(now) == []


def test_a_notebook_never_built_names_every_widget(no_browser: None) -> None:
    assert len(stills.put(ran(("A()", "<p>", "a"), ("B()", "<p>", "b")))) == 2


@needs_browser
def test_a_built_lesson_passes_nbval_and_is_kept_without_a_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons" / "01_tiny.md").write_text(TINY + ASKS)
    assert build.main([], tmp_path) == 0
    student = tmp_path / "notebooks" / "01_tiny.ipynb"
    cells = nbformat.read(student, as_version=4).cells
    shown = [output for cell in cells for output in cell.get("outputs", [])
             if "image/png" in output.get("data", ())]
    assert [canonical.alt(output) for output in shown] == [
        "Which? Choose one: one; two. No guess yet.",
        "A window of 0 x 0 has no room for 1 parts."]
    assert all(set(o.data) == {"text/plain", "image/png"} for o in shown)
    assert picture(b64decode(shown[0].data["image/png"])).shape[1] == 640
    command = [sys.executable, "-m", "pytest", "--nbval", "notebooks"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    first = student.read_bytes()
    monkeypatch.setenv("PATH", os.path.dirname(sys.executable))
    monkeypatch.delenv("IFCN_LAB_CHROMIUM", raising=False)
    capsys.readouterr()
    assert build.main([], tmp_path) == 0
    assert "no browser here: widgets keep the pictures" in capsys.readouterr().out
    assert student.read_bytes() == first
