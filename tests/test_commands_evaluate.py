"""`ifcn-lab evaluate`: figures, files, processes and images that cannot be read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from coco_files import coco_stats
from commands_cases import write_folder
from training_cases import one_thread

from ifcn_lab.__main__ import main
from ifcn_lab.data.coco_file import AnnotationFile
from ifcn_lab.metrics.regions import objects_of_file
from ifcn_lab.models.instancefcn import InstanceFCN

ROOT = Path(__file__).parent.parent
EVERYTHING = "--boxes --by-size --ap --nuclei --score 0.1 0.5 --top 60".split()
__all__ = ["one_thread"]  # a fixture


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pictures with annotations of one category, as COCO asks for it."""
    path = write_folder(tmp_path_factory.mktemp("scenes"))
    document = json.loads(path.read_text())
    for image in AnnotationFile(path):
        objects = objects_of_file(image)
        own = [a for a in document["annotations"] if a["image_id"] == image.id]
        for one, area, box in zip(own, objects.areas, objects.boxes, strict=True):
            one |= {"area": area, "bbox": box.tolist()}
    document["categories"] = [{"id": 1, "name": "object"}]
    path.write_text(json.dumps(document))
    return path


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The shipped network, looking at one scale only."""
    net = InstanceFCN.from_pretrained("scenes")
    net.sizes = (20.0, 20.0)
    path = net.save(tmp_path_factory.mktemp("weights") / "net.safetensors")
    return ["--weights", str(path)]


@pytest.fixture(scope="module")
def evaluated(
    scenes: Path, network: list[str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """Results and figures of one evaluation."""
    out = tmp_path_factory.mktemp("evaluated")
    files = ["--save", str(out / "found.json"), "--json", str(out / "figures.json")]
    assert main(["evaluate", "--annotations", str(scenes), *network, *EVERYTHING,
                 *files]) == 0
    return out / "found.json", out / "figures.json"


def test_what_is_saved_gives_the_same_figures_without_the_network(
    scenes: Path, evaluated: tuple[Path, Path], tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found, figures = evaluated
    out = tmp_path / "again.json"
    line = ["evaluate", "--annotations", str(scenes), "--results", str(found)]
    assert main([*line, *EVERYTHING, "--json", str(out)]) == 0
    again, known = json.loads(out.read_text()), json.loads(figures.read_text())
    assert again == known
    assert 0 < known["masks AP"]["AP50"] <= 1
    printed = capsys.readouterr().out
    for name in ("masks  AR@10 0.", "masks, small  AR@10", "boxes  AR@10 0.",
                 "masks AP  AP 0.", "mAP^r  mAP^r@0.5 0.", "AUC 0.", "(images 3, ",
                 "TP/(TP+FP+FN), score from 0.1, ", "pooled over images  AP@0.5 0.",
                 "mean over images  AP@0.5 0."):
        assert name in printed


def test_the_figures_are_cocoevals_on_the_saved_file(
    scenes: Path, evaluated: tuple[Path, Path]
) -> None:
    found, figures = evaluated
    known = json.loads(figures.read_text())
    for kind in "masks", "boxes":
        expected = coco_stats(scenes, found, kind, by_category=False)
        assert [-1 if v is None else v for v in known[f"{kind} AP"].values()] \
            == expected.stats[:6].tolist()
        recall = known if kind == "masks" else known["boxes"]
        assert recall["AR@10"] == expected.stats[7]


def test_by_category_one_category_is_the_whole(
    scenes: Path, evaluated: tuple[Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "figures.json"
    line = ["evaluate", "--annotations", str(scenes), "--results", str(evaluated[0])]
    assert main([*line, "--ap", "--by-category", "--json", str(out)]) == 0
    known = json.loads(out.read_text())
    assert known["masks AP by category"] == known["masks AP"]
    assert known["mAP^r by category"] == known["mAP^r"]


@pytest.mark.slow
def test_worker_processes_give_the_same_figures_and_results(
    scenes: Path, network: list[str], evaluated: tuple[Path, Path], tmp_path: Path
) -> None:
    found, figures = tmp_path / "found.json", tmp_path / "figures.json"
    files = ["--save", str(found), "--json", str(figures)]
    assert main(["evaluate", "--annotations", str(scenes), *network, *EVERYTHING,
                 *files, "--workers", "2"]) == 0
    assert found.read_bytes() == evaluated[0].read_bytes()
    assert figures.read_bytes() == evaluated[1].read_bytes()


def test_the_parts_of_several_machines_are_put_together(
    scenes: Path, network: list[str], evaluated: tuple[Path, Path], tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    line, out = ["evaluate", "--annotations", str(scenes)], tmp_path / "figures.json"
    parts = [str(tmp_path / f"{k}.json") for k in (1, 2)]
    for k, path in enumerate(parts, start=1):
        words = ["--top", "60", "--part", f"{k}/2", "--save", path]
        assert main([*line, *network, *words]) == 0
    assert "(images 1, " in capsys.readouterr().out
    assert main([*line, "--results", *parts, *EVERYTHING, "--json", str(out)]) == 0
    assert json.loads(out.read_text()) == json.loads(evaluated[1].read_text())
    assert main([*line, "--results", *parts, parts[0]]) == 2
    assert "of which another file has results" in capsys.readouterr().err


def test_images_that_cannot_be_read_are_named_counted_and_left_out(
    network: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = write_folder(tmp_path / "cut"), tmp_path / "figures.json"
    picture = path.parent / "images" / "1.png"
    line = ["evaluate", "--annotations", str(path), *network, "--top", "10"]
    whole = picture.read_bytes()
    picture.write_bytes(whole[: len(whole) // 2])
    assert main([*line, "--json", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "left out, as they cannot be read: 1\n" in printed
    assert "1.png: cannot be read as a picture" in printed and "(images 2, " in printed
    known = json.loads(out.read_text())
    assert known["images"] == 2 and "1.png" in known["left out"][0]
    for each in picture.parent.iterdir():
        each.write_bytes(b"")
    assert main(line) == 2
    assert "none of the 3 images can be read" in capsys.readouterr().err


def test_a_data_set_known_by_name(
    network: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = tmp_path / "found.json"
    line = ["evaluate", "--dataset", "scenes", "--limit", "1", "--ap"]
    assert main([*line, *network, "--top", "10", "--save", str(found)]) == 0
    first = capsys.readouterr().out
    assert "(images 1, " in first and f"what was found is in {found}" in first
    assert main([*line, "--results", str(found)]) == 0
    second = capsys.readouterr().out
    for name in ("masks AP", "mAP^r"):
        assert line_of(name, first) == line_of(name, second)


def line_of(name: str, text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(name))


def test_results_with_boxes_only(
    scenes: Path, evaluated: tuple[Path, Path], tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    entries = json.loads(evaluated[0].read_text())
    rng = np.random.default_rng(0)
    for entry in entries:
        del entry["segmentation"]
        entry["bbox"] = (rng.random(4) * 30).tolist()
    path, out = tmp_path / "boxes.json", tmp_path / "figures.json"
    path.write_text(json.dumps(entries))
    line = ["evaluate", "--annotations", str(scenes), "--results", str(path)]
    assert main(line) == 2
    assert "holds boxes and no masks; say --boxes" in capsys.readouterr().err
    assert main([*line, "--boxes", "--ap", "--json", str(out)]) == 0
    known = json.loads(out.read_text())
    expected = coco_stats(scenes, path, "boxes", by_category=False)
    assert list(known["boxes AP"].values())[:3] == expected.stats[:3].tolist()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("--results {found} --save x.json", "leave one of the two out"),
        ("--by-category", "an InstanceFCN tells no kinds apart; use --ap"),
        ("--workers -1", "give 0 or more"),
        ("--results {folder}/none.json", "none.json: cannot be read as a list"),
        ("--results {strange} --boxes", "result number 1 is for image 99"),
        ("--save {strange}/found.json", "strange.json is a file, so"),
    ],
)
def test_what_does_not_go_together_is_told_in_a_line(
    more: str, says: str, scenes: Path, network: list[str],
    evaluated: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    strange = tmp_path / "strange.json"
    strange.write_text(json.dumps([{"image_id": 99, "score": 1, "bbox": [0, 0, 1, 1]}]))
    words = more.format(found=evaluated[0], folder=tmp_path, strange=strange).split()
    line = ["evaluate", "--annotations", str(scenes), *network, *words]
    assert main([*line, "--limit", "1", "--top", "10"]) == 2
    told = capsys.readouterr().err.strip()
    assert says in told and "\n" not in told


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_worker_ends_the_evaluation_with_a_message(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\n"
        "from functools import partial\n"
        "from ifcn_lab.metrics.image_by_image import judge_all\n"
        "def die():\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "if __name__ == '__main__':\n"
        "    try:\n"
        "        list(judge_all(die, range(3), workers=2))\n"
        "    except OSError as error:\n"
        "        print(error)\n"
    )
    program = tmp_path / "killed.py"
    program.write_text(code)
    done = subprocess.run(
        [sys.executable, program], capture_output=True, text=True, timeout=600,
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    assert "a worker process ended before its work was done" in done.stdout
