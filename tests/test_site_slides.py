"""Slides and the run behind the widgets: both are made from the lesson, and move."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from lessons import slides, source
from lessons.colab import of_the_lesson
from tests.site_cases import RUN, Built, Page
from website import build, deck, front, live, pages

DECK = f"slides/{RUN}.html"
NOTEBOOK = build.ROOT / "notebooks" / f"{RUN}.ipynb"


def state(page: str) -> dict:
    """The state that a widget's page holds."""
    return json.loads(re.search(r'id="state">(.*?)</script>', page)[1])["state"]


def test_a_run_gives_the_page_of_every_widget_in_its_cells_state(alive: tuple) -> None:
    notebook = build.notebooks()[RUN]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    stored = [s for c in code for s in pages.shown(c) if not isinstance(s, str)]
    assert {s.place for s in stored if s.widget} == set(alive[1])
    shift = next(s.place for s in stored if s.widget == "ShiftExplorer")
    held = state(alive[1][shift])
    cell = next(c for c in code if c.id == shift[0])
    said = next(o.data["text/plain"] for o in cell.outputs if "image/png" in o.data)
    for name, value in re.findall(r"(\w+)=(-?\d+)", said):
        assert held[name] == int(value)


def test_what_was_run_once_is_not_run_again(
    alive: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, found = alive
    page = next(kept.glob("*/*.html"))
    key = page.parent.name.rsplit("-", 1)[1]
    monkeypatch.setattr(live, "key", lambda notebook: key)
    before = page.read_text("utf-8")
    try:
        page.write_text("marked", encoding="utf-8")
        again = live.pages(NOTEBOOK, kept)
    finally:
        page.write_text(before, encoding="utf-8")
    assert again.keys() == found.keys()
    assert "marked" in again.values()


def test_other_code_or_another_library_has_another_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    notebook = build.notebooks()[RUN]
    first = live.key(notebook)
    assert live.key(notebook) == first
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "SHA256SUMS").write_text("other")
    monkeypatch.setattr(live, "ROOT", tmp_path)
    assert live.key(notebook) != first
    monkeypatch.undo()
    for kind, same in (("markdown", True), ("code", False)):
        changed = build.notebooks()[RUN]
        next(c for c in changed.cells if c.cell_type == kind).source += " "
        assert (live.key(changed) == first) is same


LESSONS = sorted(build.notebooks())
MARKED = """
# Tiny

% slide: A title that *says* it
One sentence,
on two lines.

A thought for the speaker, see [there](there.md).

```{code-cell}
first = 1
```

## A heading

**Exercise 1.1** (difficulty 2 of 5, 3 minutes, about 1 line).
Do it.
Hint: so.
Why it matters: it does.

```{code-cell}
second = 2
```

Before the mark.
% slide: Another
Said.
"""


def test_a_lesson_says_what_its_slides_are(tmp_path: Path) -> None:
    lesson = tmp_path / "01_tiny.md"
    lesson.write_text(MARKED, encoding="utf-8")
    first, last = slides.read(lesson)
    assert first.title == "A title that *says* it"
    assert first.sentence == "One sentence,\non two lines."
    assert first.cells == [0, 1] and last.cells == []
    assert [note for note in first.notes if note] == [
        "A thought for the speaker, see [there](there.md).",
        "Now exercise 1.1: 3 minutes.", "Before the mark."]
    assert last[:3] == ("Another", "Said.", [])


def test_a_slide_without_a_picture_shows_points_or_code_of_its_own_section(
    built: Built,
) -> None:
    for name in LESSONS:
        text = (built.folder / f"slides/{name}.html").read_text("utf-8")
        kinds = Counter(re.findall(r'<section class="(\w+)">', text))
        assert kinds["alone"] <= 4, f"{name}: {kinds}"
        assert "NotImplementedError" not in text and "check." not in re.sub(
            "(?s)<aside.*?</aside>", "", text)


def test_a_slide_knows_where_its_section_ends(tmp_path: Path) -> None:
    lesson = tmp_path / "01_tiny.md"
    lesson.write_text(MARKED, encoding="utf-8")
    first, last = slides.read(lesson)
    assert first.near == [0] and last.near == []
    assert "Do it." not in "".join(first.prose)


def test_no_notebook_holds_what_marks_a_slide(tmp_path: Path) -> None:
    lesson = tmp_path / "01_tiny.md"
    lesson.write_text(MARKED, encoding="utf-8")
    prose = "\n".join(c.source for c in source.read(lesson).cells)
    assert "%" not in prose and "One sentence,\non two lines." in prose
    lesson.write_text(re.sub("(?m)^% .*\n", "", MARKED), encoding="utf-8")
    assert slides.read(lesson) == []
    assert "\n".join(c.source for c in source.read(lesson).cells) == prose


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_has_a_dozen_slides_that_each_say_something(name: str) -> None:
    marked = slides.of(name)
    assert 12 <= len(marked) <= 18
    assert all(slide.title and slide.sentence for slide in marked)
    assert len({slide.title for slide in marked}) == len(marked)


def test_a_lesson_that_marks_no_slides_has_no_deck(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    notebooks = build.notebooks()
    monkeypatch.setattr(slides, "of", lambda name: [])
    made = deck.decks(notebooks, {})
    assert not any(f"{name}.html" in made for name in notebooks)
    assert "slides/" not in pages.lesson(notebooks[RUN], RUN, {})[f"lessons/{RUN}.md"]
    assert "slides/" not in front.table(notebooks)


def test_a_slide_shows_the_first_picture_of_its_stretch(built: Built) -> None:
    notebook = build.notebooks()[RUN]
    text = (built.folder / DECK).read_text("utf-8")
    code = [cell for cell in of_the_lesson(notebook) if cell.cell_type == "code"]
    for slide, section in zip(slides.of(RUN), text.split("<section")[1:], strict=True):
        shown = [s for n in slide.cells for s in pages.shown(code[n])
                 if not isinstance(s, str) and s.widget != "Inventory"]
        kind = {"iframe": False, "img": False}
        if shown:
            first = min(shown, key=lambda each: each.widget == "Predict")
            kind["iframe" if first.place in built.widgets[RUN] else "img"] = True
        assert {tag: f"<{tag}" in section for tag in kind} == kind
    assert Page(text).levels[0] == 1


def test_no_slide_gives_a_solution_away(built: Built) -> None:
    for name in LESSONS:
        text = (built.folder / f"slides/{name}.html").read_text("utf-8")
        assert "Solution of exercise" not in text


@pytest.mark.parametrize("disk", [True, False], ids=["disk", "server"])
def test_arrow_keys_move_the_slides(seen: Callable, disk: bool) -> None:
    found = seen(DECK, disk=disk)
    title = found.page.locator("section.present")
    title.wait_for()
    found.page.wait_for_function("Reveal.isReady()")
    first = title.inner_text()
    found.page.keyboard.press("ArrowRight")
    assert found.page.evaluate("Reveal.getIndices().h") == 1
    assert title.inner_text() != first
    found.page.keyboard.press("ArrowLeft")
    assert found.page.evaluate("Reveal.getIndices().h") == 0
    assert found.wrong == []


def test_n_shows_what_the_speaker_says(seen: Callable) -> None:
    found = seen(DECK)
    found.page.wait_for_function("Reveal.isReady()")
    notes = found.page.locator(".speaker-notes")
    assert not notes.is_visible()
    found.page.keyboard.press("n")
    notes.wait_for()
    found.page.keyboard.press("n")
    notes.wait_for(state="hidden")
    assert found.wrong == []


OVERFULL = """() => {
  const over = [];
  for (let n = 0; n < Reveal.getTotalSlides(); n++) {
    Reveal.slide(n);
    const slide = Reveal.getCurrentSlide();
    const edges = (e) => e.getBoundingClientRect();
    const note = (what) => over.push(`${document.title} ${n + 1}: ${what}`);
    const room = edges(slide);
    for (const part of slide.querySelectorAll("h1, h2, .body, .body *")) {
      const box = edges(part);
      const out = box.bottom > room.bottom - 24 || box.right > room.right - 24;
      if (out && !part.matches("iframe")) note(part.tagName);
    }
    const [said, shown] = slide.querySelector(".body").children;
    if (!shown) continue;
    const [a, b] = [edges(said), edges(shown)];
    if (a.bottom > b.top + 1 && a.right > b.left + 1) note("words on the figure");
    if (b.height < 240 && shown.matches("img, .frame")) note("no room for the figure");
  }
  return over;
}"""


def test_no_slide_is_overfull(built: Built, seen: Callable) -> None:
    found = seen("slides/index.html", size={"width": 1280, "height": 720})
    over = []
    for name in LESSONS:
        found.page.goto((built.folder / f"slides/{name}.html").as_uri())
        found.page.wait_for_function("Reveal.isReady()")
        over += found.page.evaluate(OVERFULL)
    assert over == []


def test_a_widget_on_a_slide_lives_and_lets_the_speaker_go_on(
    built: Built, seen: Callable
) -> None:
    text = (built.folder / DECK).read_text("utf-8")
    kinds = re.findall(r'<section class="(\w*)">', text)
    titles = re.findall(r'<iframe [^>]*title="(\w+)', text)
    place = [n for n, kind in enumerate(kinds) if kind == "widget"]
    number = place[titles.index("ShiftExplorer")]
    found = seen(f"{DECK}#/{number}")
    widget = found.page.locator("section.present iframe").content_frame
    sheet = widget.locator(".ifcn-sheet[tabindex]").first
    before = widget.locator(".ifcn-words").inner_text()
    sheet.press("ArrowRight")  # the widget's own
    widget.locator(".ifcn-words").filter(has_not_text=before).wait_for()
    assert found.page.evaluate("Reveal.getIndices().h") == number
    sheet.press("PageDown")
    found.page.wait_for_function(f"Reveal.getIndices().h === {number + 1}")
    found.page.keyboard.press("ArrowRight")
    found.page.wait_for_function(f"Reveal.getIndices().h === {number + 2}")
    assert found.wrong == []
