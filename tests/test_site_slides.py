"""Slides and the run behind the widgets: both are made from the lesson, and move."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.site_cases import RUN, Built, Page
from website import build, live, pages, slide

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


def test_a_deck_begins_with_the_lessons_title_and_holds_its_figures(
    built: Built,
) -> None:
    notebook = build.notebooks()[RUN]
    page = Page((built.folder / DECK).read_text("utf-8"))
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    stored = [s for c in code for s in pages.shown(c) if not isinstance(s, str)]
    figures = [at for at in page.loaded if at.endswith(".png")]
    assert len(figures) == sum(s.place not in built.widgets[RUN] for s in stored
                               if not s.widget) >= 4
    assert page.levels[0] == 1


def test_no_slide_gives_a_solution_away(built: Built) -> None:
    for name in build.notebooks():
        text = (built.folder / f"slides/{name}.html").read_text("utf-8")
        assert "Solution of exercise" not in text and "<details" not in text


def test_a_long_text_goes_over_several_slides() -> None:
    deck = slide.Deck()
    deck.prose("# Title\n\n" + "\n\n".join(["A sentence of some length. " * 8] * 6))
    made = deck.sections()
    assert len(made) >= 2
    assert all("Title" in one for one in made)
    assert sum(one.count("<p>") for one in made) == 6


@pytest.mark.parametrize("disk", [True, False], ids=["disk", "server"])
def test_arrow_keys_move_the_slides(seen: Callable, disk: bool) -> None:
    found = seen(DECK, disk=disk)
    title = found.page.locator("section.present")
    title.wait_for()
    first = title.inner_text()
    found.page.keyboard.press("ArrowRight")
    assert found.page.evaluate("Reveal.getIndices().h") == 1
    assert title.inner_text() != first
    found.page.keyboard.press("ArrowLeft")
    assert found.page.evaluate("Reveal.getIndices().h") == 0
    assert found.wrong == []


def test_nothing_on_a_slide_is_cut_off(built: Built, seen: Callable) -> None:
    found = seen("slides/index.html")
    cut = []
    for name in build.notebooks():
        found.page.goto((built.folder / f"slides/{name}.html").as_uri())
        found.page.wait_for_function("Reveal.isReady()")
        cut += found.page.evaluate("""() => {
          const cut = [];
          for (let n = 0; n < Reveal.getTotalSlides(); n++) {
            Reveal.slide(n);
            const shown = Reveal.getCurrentSlide();
            const wide = [...shown.querySelectorAll("pre, table")].some(
              (e) => e.scrollWidth > e.clientWidth + 1 || e.offsetWidth > 1232);
            if (shown.scrollHeight > 720 || wide) {
              cut.push(`${document.title} ${n}: ${shown.scrollHeight}`);
            }
          }
          return cut;
        }""")
    assert cut == []


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
