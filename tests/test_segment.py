"""`ifcn-lab segment` loses nothing: places, formats, broken pictures, Ctrl-C, ids."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from training_cases import one_thread

from ifcn_lab.__main__ import main
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.data.segmentation import checked, rle_of
from ifcn_lab.models import shipped_models
from ifcn_lab.models.instancefcn import InstanceFCN

__all__ = ["one_thread"]  # a fixture


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small network that looks at images at their own size only."""
    net = InstanceFCN(2, 7, "small", sizes=(16.0, 16.0))
    return str(net.save(tmp_path_factory.mktemp("weights") / "small.safetensors"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def draw(*names: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(name)


def segment(weights: str, *words: str) -> int:
    return main(["segment", *words, "--weights", weights, "--top", "3"])


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def names_in(path: Path) -> set[tuple[int, str]]:
    return {(one["image_id"], one["file_name"]) for one in json.loads(path.read_text())}


def test_pictures_of_one_name_have_their_own_overlays_and_results(
    folder: Path, weights: str
) -> None:
    draw("x/1.png", "y/1.png")
    words = ["x/1.png", "y/1.png", "--out", "out", "--json", "found.json"]
    assert segment(weights, *words) == 0
    assert listed(folder / "out") == ["1_overlay.png", "1_overlay_2.png"]
    assert names_in(folder / "found.json") == {(1, "x/1.png"), (2, "y/1.png")}


@pytest.mark.parametrize(
    ("names", "drawn"),
    [
        (["p.png", "p.jpg"], ["p_overlay.png", "p_overlay_2.png"]),
        (["p.png", "P.png"], ["P_overlay_2.png", "p_overlay.png"]),
        (["p.png", "./p.png"], ["p_overlay.png"]),
    ],
)
def test_pictures_of_one_stem_have_overlays_of_their_own(
    names: Sequence[str], drawn: list[str], folder: Path, weights: str
) -> None:
    draw(*names)
    assert segment(weights, *names) == 0
    assert [name for name in listed(folder) if "_overlay" in name] == drawn


def test_a_picture_is_never_overwritten(folder: Path, weights: str) -> None:
    draw("a.png", "A_OVERLAY.png", "b.png")
    (folder / "b_overlay.png").symlink_to("b.png")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert segment(weights, "a.png", "A_OVERLAY.png", "b.png") == 0
    assert before == {path: path.read_bytes() for path in before}
    assert {"a_overlay_2.png", "b_overlay_2.png"} <= {*listed(folder)}


def test_a_link_to_a_picture_is_no_place_to_write(
    folder: Path, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    draw("a.png")
    (folder / "link.png").symlink_to("a.png")
    before = (folder / "a.png").read_bytes()
    assert segment(weights, "a.png", "--out", "link.png") == 2
    assert "this file is read here" in capsys.readouterr().err
    assert (folder / "a.png").read_bytes() == before


def test_the_suffix_of_out_says_the_format(folder: Path, weights: str) -> None:
    draw("a.png")
    for name, kind in (("o.jpg", "JPEG"), ("o.png", "PNG"), ("new/o.tif", "TIFF")):
        assert segment(weights, "a.png", "--out", name) == 0
        with Image.open(name) as drawn:
            assert drawn.format == kind


@pytest.mark.parametrize("made", [True, False])
def test_out_may_be_a_folder_with_a_dot(
    made: bool, folder: Path, weights: str
) -> None:
    draw("a.png")
    if made:
        (folder / "run.1").mkdir()
    assert segment(weights, "a.png", "--out", "run.1") == 0
    assert listed(folder / "run.1") == ["a_overlay.png"]


def test_a_broken_picture_is_told_and_the_others_are_done(
    folder: Path, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    draw("a.png", "b.png", "c.png")
    (folder / "b.png").write_bytes((folder / "b.png").read_bytes()[:200])
    words = ["a.png", "b.png", "gone.png", "c.png", "--json", "found.json"]
    assert segment(weights, *words) == 2
    told = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in told] == ["b.png", "gone.png"]
    assert (folder / "c_overlay.png").is_file()
    assert names_in(folder / "found.json") == {(1, "a.png"), (4, "c.png")}


def test_ctrl_c_keeps_what_is_done(
    folder: Path, weights: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw("a.png", "b.png", "c.png")
    detect, left = InstanceFCN.detect, iter(range(1, -1, -1))

    def stopped(self: InstanceFCN, *given: object, **options: object) -> list:
        if not next(left):  # as Python does when Ctrl-C is pressed
            raise KeyboardInterrupt
        return detect(self, *given, **options)

    stopped.__signature__ = inspect.signature(detect)
    monkeypatch.setattr(InstanceFCN, "detect", stopped)
    words = ["a.png", "b.png", "c.png", "--json", "found.json"]
    assert segment(weights, *words) == 130
    assert names_in(folder / "found.json") == {(1, "a.png")}
    assert (folder / "a_overlay.png").is_file()


def test_a_note_on_a_picture_names_it(
    folder: Path, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    grey = np.random.default_rng(0).integers(0, 4096, (20, 30), dtype=np.uint16)
    Image.fromarray(grey).save("camera.png")
    assert segment(weights, "camera.png") == 0
    assert capsys.readouterr().err.startswith("camera.png: a picture of more than 8 bi")


def test_annotations_tell_pictures_of_one_name_apart(
    folder: Path, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    draw("x/1.png", "y/1.png")
    images = [{"id": 70, "file_name": "y\\1.png", "height": 20, "width": 30},
              {"id": 80, "file_name": "x/1.png", "height": 20, "width": 30}]
    Path("gt.json").write_text(json.dumps({"images": images, "annotations": []}))
    words = ["x/1.png", "y/1.png", "--annotations", "gt.json", "--out", "out"]
    assert segment(weights, *words, "--json", "found.json") == 0
    assert names_in(folder / "found.json") == {(80, "x/1.png"), (70, "y/1.png")}
    capsys.readouterr()
    assert segment(weights, *words, "--json", "gt.json") == 2
    assert "this file is read here" in capsys.readouterr().err


def test_data_check_tells_of_deep_pictures_without_calling_them_broken(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grey = np.random.default_rng(0).integers(0, 4096, (20, 30), dtype=np.uint16)
    Image.fromarray(grey).save("camera.png")
    image = {"id": 1, "file_name": "camera.png", "height": 20, "width": 30}
    one = {"id": 1, "image_id": 1, "category_id": 1,
           "segmentation": [[2, 2, 9, 2, 9, 9, 2, 9]]}
    Path("gt.json").write_text(json.dumps({"images": [image], "annotations": [one]}))
    assert main(["data", "check", "gt.json"]) == 0
    assert "uses 12 bits" in (told := capsys.readouterr().out)
    assert "(1 images, camera.png for one)" in told


def test_results_for_a_data_set_are_matched_by_name_too(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = SceneSet(1, start=1_000_000)[0]
    code = rle_of(checked([[5, 5, 30, 5, 30, 30, 5, 30]], scene.image.shape[:2]),
                  scene.image.shape[:2])
    entry = {"image_id": 3, "file_name": "scene 1000000.png", "score": 0.5,
             "segmentation": code | {"counts": code["counts"].decode()}}
    line = ["evaluate", "--dataset", "scenes", "--limit", "1", "--results", "r.json"]
    Path("r.json").write_text(json.dumps([entry]))
    assert main(line) == 0
    assert "matched by file_name" in capsys.readouterr().err
    Path("r.json").write_text(json.dumps([entry | {"file_name": "other.png"}]))
    assert main(line) == 2
    assert "is for image 3, which the annotations" in capsys.readouterr().err


def test_the_parts_of_a_folder_are_the_whole(folder: Path, weights: str) -> None:
    draw("a.png", "b.png", "c.png")
    rows = []
    for words in ([], ["--part", "1/2"], ["--part", "2/2"]):
        words = ["a.png", "b.png", "c.png", "--out", "out", "--json", "x.json", *words]
        assert segment(weights, *words) == 0
        rows.append(json.loads(Path("x.json").read_text()))
    assert rows[1] and rows[2]
    assert sorted(rows[1] + rows[2], key=lambda row: row["image_id"]) == rows[0]


def test_all_models_answer_side_by_side(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(SceneSet(1)[0].image).save("scene.png")
    assert main(["segment", "scene.png", "--model", "all", "--json", "all.json"]) == 0
    assert {"scene_overlay.png", "all.json"} <= {*listed(folder)}
    told = capsys.readouterr().out
    models = {row["model"] for row in json.loads(Path("all.json").read_text())}
    assert models <= {*shipped_models()} and all(name in told for name in models)
    assert len(models) > 10


def test_a_model_is_segmented_with_its_own_weights(folder: Path) -> None:
    Image.fromarray(SceneSet(1)[0].image).save("scene.png")
    found = {}
    for name, words in {"model": ["--model", "FCIS"],
                        "weights": ["--weights", "scenes-fcis"]}.items():
        assert main(["segment", "scene.png", *words, "--json", f"{name}.json"]) == 0
        found[name] = json.loads(Path(f"{name}.json").read_text())
    assert found["model"] == found["weights"] != []
    assert main(["segment", "scene.png", "--model", "FCNN"]) == 2


def test_weights_that_know_their_cut_give_answers_and_top_gives_proposals(
    folder: Path
) -> None:
    from ifcn_lab.data.pictures import read_image

    draw("a.png")
    net = InstanceFCN(2, 7, "small", sizes=(16.0, 16.0)).eval()
    image = read_image(Path("a.png"))
    (every,) = net.detect([image], top=100, nms_iou=0.5)
    with pytest.raises(ValueError, match="have no cut"):
        net.answers([image])
    net.cut = float(np.median(every.scores))
    (meant,) = net.answers([image])
    wanted = net.detect([image], top=100, nms="masks", nms_iou=0.3)[0].above(net.cut)
    assert np.array_equal(meant.masks, wanted.masks)
    assert 0 < len(meant) < len(every)
    path, counts = str(net.save(folder / "cut.safetensors")), {}
    for words in ([], ["--top", "100"]):
        line = ["segment", "a.png", "--weights", path, "--json", "a.json", *words]
        assert main(line) == 0
        counts[tuple(words)] = len(json.loads(Path("a.json").read_text()))
    assert counts == {(): len(meant), ("--top", "100"): len(every)}
