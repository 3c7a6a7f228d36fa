"""Lesson 7 on real pictures: somebody's own folder, and what training gains on ours."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from ifcn_lab.draw import Picture, picture
from lessons import source

LESSON = Path(__file__).parent.parent / "lessons" / "07_real_images.md"
SHORTER = {
    "iterations=150": "iterations=6",
    "np.percentile(sides, (10, 90))": "np.percentile(sides, (60, 75))",  # fewer zooms
    "top=300": "top=60",
    "most=4": "most=2",
}


def some_nuclei(shared: Path, folder: Path, count: int) -> Path:
    """Copy a few small pictures and their annotations, as somebody's own folder."""
    nuclei = shared / "dsb2018_fluor"
    document = json.loads((nuclei / "instances_train.json").read_text())
    small = [i for i in document["images"] if i["width"] == 256][::8][:count]
    ids = {image["id"] for image in small}
    (folder / "images").mkdir()
    for image in small:
        shutil.copy(nuclei / "images" / image["file_name"], folder / "images")
    kept = [a for a in document["annotations"] if a["image_id"] in ids]
    path = folder / "my_nuclei.json"
    path.write_text(json.dumps(document | {"images": small, "annotations": kept}))
    return path


def test_the_lesson_runs_on_nuclei(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = some_nuclei(shared_data, tmp_path, 8)
    monkeypatch.setenv("IFCN_LAB_ANNOTATIONS", str(path))
    shown: list[Picture] = []
    monkeypatch.setattr(picture, "show", shown.append)
    cells = [c for c in source.solved(source.read(LESSON)).cells
             if c.cell_type == "code"]
    text = "\n".join(cell.source for cell in cells)
    assert all(known in text for known in SHORTER)
    space: dict[str, object] = {}
    for cell in cells:
        short = cell.source
        for known, other in SHORTER.items():
            short = short.replace(known, other)
        exec(compile(short, "<lesson 7>", "exec"), space)
    said = capsys.readouterr().out
    assert "8 pictures" in said and "5 to learn from, 3 to test on" in said
    assert said.count("pixels that differ: 0") == 2
    assert "not yet right" not in said
    assert len(shown) == 13 and all(len(each.png()) > 1000 for each in shown)
    objects = sum(len(sample.masks) for sample in space["pictures"])
    assert f"{objects} objects, their longest" in shown[5].alt
    results = json.loads(Path(space["path"]).read_text())
    listed = {image["id"] for image in json.loads(path.read_text())["images"]}
    assert {each["image_id"] for each in results} <= listed


@pytest.fixture(scope="module")
def trained() -> dict[str, object]:
    """The lesson's cells up to the shares found, run on the nuclei that ship."""
    space: dict[str, object] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(picture, "show", lambda shown: None)
        patch.delenv("IFCN_LAB_ANNOTATIONS", raising=False)
        for cell in source.solved(source.read(LESSON)).cells:
            if cell.cell_type == "code" and not cell.source.startswith("check."):
                exec(compile(cell.source, "<lesson 7>", "exec"), space)
            if "found" in space:
                return space
    raise AssertionError("no cell of lesson 7 measures the shares found")


@pytest.mark.slow
def test_training_takes_the_network_past_the_threshold(trained: dict) -> None:
    total = trained["total"]
    assert total["before"] < total["threshold"] < total["after"] - 0.05


@pytest.mark.slow
def test_a_threshold_finds_what_stands_alone_and_not_what_touches(
    trained: dict,
) -> None:
    alone, touch = trained["found"]["stand alone"], trained["found"]["touch"]
    assert alone["threshold"] > 0.85 and alone["after"] > 0.85
    assert touch["threshold"] < 0.3 < 0.5 < touch["after"]


@pytest.mark.slow
def test_the_mask_loss_falls(trained: dict) -> None:
    losses = trained["losses"]
    assert len(losses) == 150 and np.mean(losses[-50:]) < np.mean(losses[:50])
