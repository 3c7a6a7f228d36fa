"""The answers of Predict in lessons 3 to 7 are what the lessons compute."""

from __future__ import annotations

import ast
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import numpy as np
import pytest

from ifcn_lab import CocoFolder, InstanceFCN, scenes
from ifcn_lab.assembling.coherence import kept_share
from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.data.practice import practice_folder
from ifcn_lab.layers.thresholding import thresholded
from ifcn_lab.metrics import mask_iou
from ifcn_lab.scenes.measure import touching
from ifcn_lab.windows import zooms_for_sizes
from ifcn_lab.windows.labels import WindowRule, label_windows
from lessons import source

LESSONS = Path(__file__).parent.parent / "lessons"


def asked(number: str) -> dict[str, ast.expr]:
    """The answer of each Predict of a lesson, by its question."""
    (path,) = LESSONS.glob(f"{number}_*.md")
    cells = [c["source"] for c in source.read(path).cells if c["cell_type"] == "code"]
    return dict(found for cell in cells for found in _calls(cell))


def _calls(cell: str) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(ast.parse(cell)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Predict":
            words = {each.arg: each.value for each in node.keywords}
            yield node.args[0].value, words["answer"]


def answer(number: str, words: str) -> object:
    """The answer as it is written, or as the cell computes it on its own."""
    (found,) = [value for question, value in asked(number).items() if words in question]
    if isinstance(found, ast.Constant):
        return found.value
    (path,) = LESSONS.glob(f"{number}_*.md")
    (cell,) = [each["source"] for each in source.read(path).cells
               if each["cell_type"] == "code" and words in each["source"]]
    before = ast.parse(cell)
    before.body.pop()
    names: dict[str, object] = {}
    exec(compile(before, path.name, "exec"), names)
    return eval(compile(ast.Expression(found), path.name, "eval"), names)


@pytest.mark.parametrize(
    "number, words", [("05", "1024 windows"), ("06", "how many zooms")]
)
def test_what_a_lesson_computes_is_not_given_away(number: str, words: str) -> None:
    (found,) = [value for question, value in asked(number).items() if words in question]
    assert not isinstance(found, ast.Constant)


@pytest.mark.parametrize("number", ["03", "04", "05", "06", "07"])
def test_a_lesson_asks_once_or_twice_and_first_in_predict_first(number: str) -> None:
    assert 1 <= len(asked(number)) <= 2
    (path,) = LESSONS.glob(f"{number}_*.md")
    prose, code = source.read(path).cells[1:3]
    while code["cell_type"] == "markdown":  # the box may be a cell of its own
        prose, code = code, source.read(path).cells[3]
    assert "## Predict first" in prose["source"] and "Predict(" in code["source"]


def test_the_number_of_positive_windows() -> None:
    scene = scenes.make(19, objects=(5, 5), sizes=(30, 62))
    boxes = tight_boxes(scene.masks)
    labels = label_windows(boxes, (32, 32), stride=4, m=21, rule=WindowRule())
    assert answer("05", "1024 windows") == (labels.label == 1).sum()


def test_the_step_after_which_nothing_is_kept() -> None:
    steps = answer("04", "after how many steps")
    assert kept_share(3, 21, (0, steps)) == 0 < kept_share(3, 21, (0, steps - 1))


def test_the_number_of_zooms() -> None:
    net = InstanceFCN.from_pretrained("scenes")
    zooms = zooms_for_sizes(*net.sizes, net.stride * net.m, net.canonical)
    assert answer("06", "how many zooms") == len(zooms)


def test_the_share_of_touching_cells_that_a_threshold_finds() -> None:
    best, met = [], []
    with tempfile.TemporaryDirectory() as folder:
        data = CocoFolder(practice_folder(folder))
        for sample in [data[n] for n in range(36, 48)]:
            found = thresholded(sample.image).masks
            best.extend(mask_iou(found, sample.masks).max(0, initial=0))
            met.extend(touching(sample.masks).any(1))
    share = (np.array(best)[np.array(met)] >= 0.5).mean()
    assert answer("07", "what share") == pytest.approx(100 * share, abs=1)


@pytest.mark.parametrize("number", ["03", "04", "05", "06", "07"])
def test_the_stored_question_does_not_show_its_answer(number: str) -> None:
    (path,) = (LESSONS.parent / "notebooks").glob(f"{number}_*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    shown = [each for cell in cells for each in cell.get("outputs", [])
             if each.get("data", {}).get("text/plain", "").startswith("Predict(")]
    assert len(shown) == len(asked(number))
    assert all(each.data["text/plain"] == "Predict(guess=None)" for each in shown)
