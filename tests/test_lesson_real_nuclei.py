"""Lesson 7 on real pictures: its code runs on nuclei, and its figures can be drawn."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ifcn_lab.draw import Picture, picture
from lessons import source

LESSON = Path(__file__).parent.parent / "lessons" / "07_real_images.md"
SHORTER = {
    "iterations=240": "iterations=6",
    "np.percentile(sides, (10, 90))": "np.percentile(sides, (60, 75))",  # fewer zooms
    "top=300": "top=60",
    "most=8": "most=2",
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
    assert "8 images" in said and "6 to learn from, 2 to test on" in said
    assert "the same masks: True" in said
    assert "not yet right" not in said
    assert len(shown) == 11 and all(len(each.png()) > 1000 for each in shown)
    objects = sum(len(sample.masks) for sample in space["test"])
    assert f"{objects} objects" in shown[5].alt
    results = json.loads(Path(space["path"]).read_text())
    listed = {image["id"] for image in space["document"]["images"]}
    assert {each["image_id"] for each in results} <= listed
