"""Lessons and notebooks: each follows from its source and runs to its end."""

from __future__ import annotations

import re
from pathlib import Path
from statistics import median

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from ifcn_course import contents
from lessons import build, canonical, rules, source
from lessons.opening import opening

ROOT = Path(__file__).parent.parent
LESSONS = build.lessons(ROOT)
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))
each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)


@each_lesson
def test_both_notebooks_follow_from_the_lesson(lesson: Path) -> None:
    assert build.check(lesson, ROOT) == []


@each_lesson
def test_both_notebooks_state_the_budget_of_the_lesson(lesson: Path) -> None:
    stated = opening(source.read(lesson))
    assert stated is not None
    for path in build.derived(lesson, ROOT):
        assert opening(nbformat.read(path, as_version=4)) == stated


def test_the_course_lists_every_lesson() -> None:
    assert [one.name for one in contents.LESSONS.values()] == [p.stem for p in LESSONS]


def test_every_notebook_has_a_lesson() -> None:
    assert build.orphans(ROOT) == []


def test_the_median_code_cell_has_at_most_four_lines() -> None:
    cells = [cell for path in LESSONS for cell in rules.code_cells(source.read(path))]
    assert not cells or median(map(rules.length, cells)) <= 4


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_notebook_is_small_and_valid(path: Path) -> None:
    nbformat.validate(nbformat.read(path, as_version=4))
    assert path.stat().st_size < 1_500_000


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text())
    assert [link for link in links if not (ROOT / link).exists()] == []


def with_output(**output: object) -> nbformat.NotebookNode:
    cell = new_code_cell("1", outputs=[new_output(**output)])
    return canonical.tidy(new_notebook(cells=[cell]))


def image(**metadata: object) -> nbformat.NotebookNode:
    data = {"image/png": "iVBORw0KGgo="}
    return with_output(output_type="display_data", data=data, metadata=metadata)


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ({"output_type": "stream", "name": "stderr", "text": "50%|##"}, "stderr"),
        ({"output_type": "stream", "text": "<A at 0x7f12ab34cd56>"}, "address"),
        ({"output_type": "stream", "text": "saved in /home/me/a.png"}, "a path"),
        (
            {"output_type": "execute_result", "data": {"text/plain": "<Axes: >"}},
            "a stray figure",
        ),
        (
            {"output_type": "display_data", "data": {"text/html": "<img src='a'>"}},
            "an image without",
        ),
    ],
)
def test_an_unstable_or_mute_output_is_found(
    output: dict[str, object], says: str
) -> None:
    found = canonical.problems(with_output(**output))
    assert len(found) == 1 and says in found[0]


def test_an_image_needs_alternative_text() -> None:
    assert "alternative text" in canonical.problems(image())[0]
    assert canonical.problems(image(**{"image/png": {"alt": "two discs"}})) == []
    page = {"text/html": '<img src="a" alt="two discs">'}
    assert canonical.problems(with_output(output_type="display_data", data=page)) == []


def test_widget_state_and_where_an_error_was_raised_are_not_stored() -> None:
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "a1"}}
    plain = {"text/plain": "interactive(...)"}
    shown = with_output(output_type="display_data", data=view | plain)
    assert shown.cells[0].outputs[0].data == plain
    raised = with_output(
        output_type="error", ename="ValueError", evalue="no", traceback=["/tmp/x.py"]
    )
    assert raised.cells[0].outputs[0].traceback == ["ValueError: no"]


def test_what_was_printed_in_pieces_is_stored_in_one() -> None:
    pieces = [new_output("stream", text=text) for text in ("a\n", "b\n")]
    cell = new_code_cell("1", outputs=pieces)
    whole = canonical.tidy(new_notebook(cells=[cell])).cells[0].outputs
    assert [output.text for output in whole] == ["a\nb\n"]
