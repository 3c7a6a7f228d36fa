"""An assignment from `ifcn-lab assignment`, graded by `ifcn-lab grade`, end to end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ifcn_lab.__main__ import main

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    root = tmp_path_factory.mktemp("class")
    made = ["assignment", "--lesson", "3", "--seed", "7", "--secret", "a word", "--out",
            str(root / "handout"), "--key", str(root / "mine"), "--solutions"]
    assert main(made) == 0
    folder = root / "submissions"
    folder.mkdir()
    [handout] = (root / "handout").glob("*.ipynb")
    [solved] = (root / "mine").glob("*.ipynb")
    shutil.copy(handout, folder / "Untouched.ipynb")
    shutil.copy(solved, folder / "Solved.ipynb")
    wrong = solved.read_text("utf-8").replace("i * k // m", "min(i, 1)")
    (folder / "Wrong.ipynb").write_text(wrong, "utf-8")
    shutil.copy(shuffled(solved, root / "x.ipynb"), folder / "Shuffled.ipynb")
    [key] = (root / "mine").glob("*.key.json")
    report = root / "grades.csv"
    assert main(["grade", str(folder), "--key", str(key), "--report", str(report),
                 "--trust-submissions", "--jobs", "2"]) == 0
    document = json.loads(report.with_suffix(".json").read_text("utf-8"))
    return {one["name"]: one for one in document["students"]}


def shuffled(solved: Path, to: Path) -> Path:
    """The solutions without ids, checks and prose: first set-up, then functions."""
    document = json.loads(solved.read_text("utf-8"))
    cells = [c for c in document["cells"] if c["cell_type"] == "code"]
    cells = [c for c in cells if not "".join(c["source"]).startswith("trial(")]
    for cell in cells:
        cell.pop("id", None)
        cell["metadata"] = {"nbgrader": {"grade_id": "broken"}}
    functions = [c for c in cells if "".join(c["source"]).startswith("def ")]
    others = [c for c in cells if c not in functions]
    document["cells"] = [*others, *reversed(functions)]
    to.write_text(json.dumps(document), "utf-8")
    return to


def test_the_solutions_get_every_point(graded: dict[str, dict]) -> None:
    solved = graded["Solved"]
    assert solved["points"] == solved["of"] > 0
    assert solved["problems"] == []


def test_the_untouched_handout_gets_none_and_is_told_calmly(
    graded: dict[str, dict]
) -> None:
    untouched = graded["Untouched"]
    cases = [case for one in untouched["functions"] for case in one["cases"]]
    assert untouched["points"] == 0 and untouched["problems"] == []
    assert {case["reason"] for case in cases} == {"not done yet"}


def test_a_right_pipeline_on_a_wrong_map_loses_the_maps_points_only(
    graded: dict[str, dict]
) -> None:
    wrong = {one["name"]: one for one in graded["Wrong"]["functions"]}
    lost = wrong["map_of"]["of"] - wrong["map_of"]["points"]
    assert lost > 0 and graded["Wrong"]["points"] == graded["Wrong"]["of"] - lost
    assert wrong["assemble_filled"]["right"] == ["map_of"]
    assert wrong["map_of"]["right"] == [] and graded["Wrong"]["problems"] == []
    assert all(one["right"] == [] for one in graded["Solved"]["functions"])


def test_cells_may_be_shuffled_and_stripped(graded: dict[str, dict]) -> None:
    assert graded["Shuffled"]["points"] == graded["Solved"]["points"]
