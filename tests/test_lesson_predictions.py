"""The answers of the predictions: hidden from the learner, and what lessons compute."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from ifcn_course.check.mutants import mutants, survivors
from ifcn_course.predict import FOLDER, predict, predictions
from ifcn_lab import CocoFolder, InstanceFCN, scenes
from ifcn_lab.assembling.coherence import kept, kept_share
from ifcn_lab.data import shipped
from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.layers.thresholding import thresholded
from ifcn_lab.metrics import mask_iou
from ifcn_lab.scenes.measure import touching
from ifcn_lab.windows import zooms_for_sizes
from ifcn_lab.windows.labels import WindowRule, label_windows
from lessons import source

LESSONS = sorted((Path(__file__).parent.parent / "lessons").glob("[0-9]*.md"))
CALL = re.compile(r"^predict\(\"(\d+\.\d+)\"\)$", re.MULTILINE)
lessons = pytest.mark.parametrize("path", LESSONS, ids=[path.stem for path in LESSONS])


def answer(name: str) -> object:
    """What the file says is right."""
    return predictions()[name]["answer"]


@lessons
def test_a_lesson_asks_what_its_file_holds_in_this_order(path: Path) -> None:
    cells = [c["source"] for c in source.read(path).cells if c["cell_type"] == "code"]
    asked = [name for cell in cells for name in CALL.findall(cell)]
    lesson = f"{int(path.name[:2])}."
    assert asked == [name for name in predictions() if name.startswith(lesson)]
    assert [cell for cell in cells if "predict(" in cell] == [
        cell for cell in cells if CALL.search(cell.splitlines()[-1])]
    assert "Predict(" not in "".join(cells)  # it would hold its answer


@lessons
def test_it_asks_first_in_predict_first(path: Path) -> None:
    cells = source.read(path).cells
    (at,) = [n for n, c in enumerate(cells) if "## Predict first" in c["source"]]
    codes = [c["source"] for c in cells[:at + 2] if c["cell_type"] == "code"]
    assert CALL.search(codes[-1]) and not any(map(CALL.search, codes[:-1]))


@lessons
def test_neither_the_cell_nor_what_it_stores_says_why(path: Path) -> None:
    (notebook,) = (path.parent.parent / "notebooks").glob(f"{path.stem}.ipynb")
    cells = nbformat.read(notebook, as_version=4).cells
    for number, cell in enumerate(cells):
        for name in CALL.findall(cell["source"]):
            above = "\n".join(str(each) for each in cells[:number + 1])
            assert predictions()[name]["why"] not in above
            (shown,) = [o.data for o in cell["outputs"]
                        if o.output_type == "execute_result"]
            assert shown["text/plain"] == "Predict(guess=None)"
            assert not re.search("[Aa]nswer(?! is not shown yet)", str(shown))


@pytest.mark.parametrize("name", predictions())
def test_a_page_or_a_state_shows_the_answer_to_nobody_who_looks(name: str) -> None:
    asked = predict(name)
    state = {key: value for key, value in asked.get_state().items()
             if not isinstance(value, bytes)}
    assert asked.why and asked.why not in str(state) + asked.html() + asked.words()
    assert "answer" not in state


def test_a_prediction_that_no_lesson_asks_is_named() -> None:
    with pytest.raises(ValueError, match="no prediction '99.1'; there are 1.1, 2.1"):
        predict("99.1")


def test_a_file_holds_the_predictions_of_its_lesson() -> None:
    for path in FOLDER.glob("*.toml"):
        names = re.findall(r'^\["(.*)"\]$', path.read_text("utf-8"), re.MULTILINE)
        assert names == [f"{int(path.stem)}.{n + 1}" for n in range(len(names))]


def test_the_number_of_places_that_change_their_map() -> None:
    assert answer("4.1") == (~kept(5, 21, (0, 1))).sum()


def test_the_step_after_which_nothing_is_kept() -> None:
    steps = answer("4.2")
    assert kept_share(3, 21, (0, steps)) == 0 < kept_share(3, 21, (0, steps - 1))


def test_the_number_of_positive_windows() -> None:
    scene = scenes.make(19, objects=(5, 5), sizes=(30, 62))
    boxes = tight_boxes(scene.masks)
    labels = label_windows(boxes, (32, 32), stride=4, m=21, rule=WindowRule())
    assert answer("5.1") == (labels.label == 1).sum()


def test_the_number_of_zooms() -> None:
    net = InstanceFCN.from_pretrained("scenes")
    zooms = zooms_for_sizes(*net.sizes, net.stride * net.m, net.canonical)
    assert answer("6.1") == len(zooms)


def test_the_share_of_touching_nuclei_that_a_threshold_finds() -> None:
    best, met = [], []
    for sample in CocoFolder(shipped.path("nuclei/instances.json"))[8:]:
        found = thresholded(sample.image).masks
        best.extend(mask_iou(found, sample.masks).max(0, initial=0))
        met.extend(touching(sample.masks).any(1))
    share = (np.array(best)[np.array(met)] >= 0.5).mean()
    assert answer("7.1") == pytest.approx(100 * share, abs=1)


def test_the_number_of_mutants_that_one_map_lets_live() -> None:
    def one_map(assemble):
        maps = np.arange(9).reshape(1, 3, 3)
        return np.array_equal(assemble(maps, 3, [(1, 1)])[0], maps[0])

    assert answer("8.1") == len(survivors(one_map))
    assert predictions()["8.1"]["high"] == len(mutants())
