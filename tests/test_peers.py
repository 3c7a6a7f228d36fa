"""What other libraries are measured with: facts, never times."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.peers import __main__ as driver
from benchmarks.peers import speed, table, trial
from ifcn_lab.data.scenes import SceneSet

ROOT = Path(__file__).parent.parent
FOLDER = Path(trial.__file__).parent


def record(peer: str, ar10: float) -> dict:
    told = {"AR@10": ar10, "AR@100": 0.5, "AP50": 1.0, "AP75": 0.25, "answers": 3.25,
            "ms": 12.4}
    return {"peer": peer, "dataset": "scenes", "budget": 300.0, "figures": told,
            "training": {"processor s": 301.2}, "yardstick ms": [4.0, 6.0, 5.0],
            "memory MiB": 512.3, "lines": 17, "pictures": [2000, 50],
            "versions": {"torch": "2.0"}, "machine": "a machine", "date": "2026-12-01"}


def test_lines_of_code_are_those_that_are_run() -> None:
    text = '"""What."""\n\nimport a  # b\n# c\nx = (1,\n     2)\n\n\ndef f():\n' \
           '    """Two\n    lines."""\n    return "#"\n'
    assert trial.code_lines(text) == 5


def test_the_table_has_the_best_first_and_stands_in_its_block(tmp_path: Path) -> None:
    for peer, ar10 in (("instancefcn", 0.25), ("torchvision", 0.75)):
        told = json.dumps(record(peer, ar10))
        (tmp_path / f"scenes-{peer}.json").write_text(told, "utf-8")
    page = tmp_path / "page.md"
    page.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n", "utf-8")
    table.write(tmp_path, page)
    lines = page.read_text("utf-8").splitlines()
    rows = [line for line in lines if line.startswith(("| ours", "| torchvision"))]
    assert rows == [
        "| torchvision: Mask R-CNN | .750 | .500 | 1.000 | .250 | 3.2 | 12 | 512 | 17 "
        "| 301 | 4.0 to 6.0 |",
        "| ours: InstanceFCN | .250 | .500 | 1.000 | .250 | 3.2 | 12 | 512 | 17 | 301 "
        "| 4.0 to 6.0 |"]
    assert lines[0] == "before" and lines[-1] == "after" and "old" not in lines


def test_a_written_page_stays_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text((driver.PAGE).read_text("utf-8"), "utf-8")
    table.write(driver.OUT, page)
    assert page.read_text("utf-8") == driver.PAGE.read_text("utf-8")


def test_the_objects_themselves_as_answers_are_perfect() -> None:
    scenes = [SceneSet(2)[n] for n in range(2)]
    masks = {each.image.tobytes(): each.masks for each in scenes}

    def told(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mine = masks[image.tobytes()]
        empty = np.zeros((1, *mine.shape[1:]), bool)
        return np.concatenate([empty, mine]), np.linspace(0, 1, len(mine) + 1)

    found = trial.figures(told, scenes)
    assert [found[name] for name in ("AR@10", "AR@100", "AP50", "AP75")] == [1.0] * 4
    assert found["answers"] == sum(map(len, masks.values())) / 2


def test_answers_are_put_best_first() -> None:
    masks = np.zeros((3, 4, 5), bool)
    masks[0, 0, 0] = masks[2, 1:3, 2] = True                # the one between is empty
    found = trial.instances(masks, np.array([0.25, 0.9, 0.5]), (4, 5))
    assert found.scores.tolist() == [0.5, 0.25]
    assert found.boxes.tolist() == [[2, 1, 3, 3], [0, 0, 1, 1]]


@pytest.mark.parametrize("peer", list(driver.NEEDS))
def test_each_library_learns_and_answers(peer: str) -> None:
    if find_spec(driver.NEEDS[peer]) is None:
        pytest.skip(f"{driver.NEEDS[peer]} is not installed here; see make peers")
    scenes = [SceneSet(4)[n] for n in range(4)]
    predict = import_module(f"benchmarks.peers.{peer}").fit(scenes, 0.5)
    masks, scores = predict(scenes[0].image)
    assert masks.shape == (len(scores), *scenes[0].image.shape[:2])
    assert masks.dtype == bool


def test_every_file_of_a_library_is_in_the_driver() -> None:
    own = {"__init__", "__main__", "speed", "table", "trial"}
    assert {path.stem for path in FOLDER.glob("*.py")} - own == set(driver.NEEDS) \
        == set(table.NAMES)


def test_torchvisions_operators_give_what_ours_give() -> None:
    pytest.importorskip("torchvision", reason="not installed here; see make peers")
    wrong = [pair.name for pair in speed.pairs() if "10000" not in pair.name
             and "NOT" in speed.equal(pair)]
    assert wrong == []


def test_what_is_not_equal_is_said() -> None:
    def pair(a: torch.Tensor, b: torch.Tensor) -> speed.Pair:
        return speed.Pair("", lambda: a, lambda: b, True)

    one, two = torch.tensor([1, 2]), torch.tensor([2, 1])
    assert speed.equal(pair(one, one)) == "equal"
    assert speed.equal(pair(one, two)) == speed.equal(pair(one, one[:1])) == "NOT EQUAL"
    assert speed.equal(pair(one / 2, two / 2)) == "NOT EQUAL"
