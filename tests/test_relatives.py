"""What must hold for every relative that looks at whole images, by one table."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from commands_cases import write_folder

import ifcn_lab
from ifcn_lab.__main__ import main
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.models import model_class
from ifcn_lab.models.deepmask import DeepMask
from ifcn_lab.segmenter import Segmenter
from ifcn_lab.training import load_checkpoint
from ifcn_lab.training.loop import train
from ifcn_lab.training.recipe import LESSON
from ifcn_lab.views import draw_view

NAMES = ("FCN", "MNCJoint", "RFCN", "FCIS", "MaskRCNN", "MaskScoringRCNN", "YOLACT",
         "Discriminative", "MetricLearning", "AfterSGN")
SCENES = SceneSet(8, by_shape=True)
FEW = LESSON.with_(iterations=2, seconds=None, batch=2, lr=1e-3, term_weights={},
                   precision="float32")


def fresh(name: str, categories: dict[int, str] | None = None) -> Segmenter:
    torch.manual_seed(0)
    return model_class(name)("small", categories)


@pytest.fixture(scope="module", params=NAMES)
def trained(request: pytest.FixtureRequest) -> Segmenter:
    return train(fresh(request.param, SCENES.categories), SCENES, FEW)


def same(a, b) -> None:
    assert a.boxes.tolist() == b.boxes.tolist()
    assert a.scores.tolist() == b.scores.tolist()
    assert (a.masks == b.masks).all()
    assert a.categories is None or a.categories.tolist() == b.categories.tolist()


def test_a_trained_one_comes_back_from_its_file(trained: Segmenter, tmp_path: Path
                                                ) -> None:
    path = trained.save(tmp_path / "net.safetensors")
    back = ifcn_lab.load(path)
    assert type(back) is type(trained) and back.config == trained.config
    image = SCENES[0].image
    same(*(net.detect([image])[0] for net in (trained, back)))


def test_answers_lie_in_the_image_best_first_and_are_tight(trained: Segmenter) -> None:
    rng = np.random.default_rng(0)
    for shape in ((128, 128), (75, 131), (9, 6)):
        image = rng.random((*shape, 3), np.float32)
        found = trained.detect([image], top=7)[0]
        assert found.shape == shape and len(found) <= 7
        assert (np.diff(found.scores) <= 0).all()
        assert all(0 <= score <= 1 for score in found.scores)
        assert set(found.categories) <= set(SCENES.categories)
        for (x0, y0, x1, y1), crop in zip(found.boxes, found.crops, strict=True):
            assert crop.shape == (y1 - y0, x1 - x0)
            assert crop[0].any() and crop[-1].any()
            assert crop[:, 0].any() and crop[:, -1].any()


@pytest.mark.parametrize("name", NAMES)
def test_kinds_may_be_left_out_and_then_none_is_told(name: str) -> None:
    net = train(fresh(name), SCENES, FEW)
    assert net.detect([SCENES[1].image])[0].categories is None


@pytest.mark.parametrize("name", NAMES)
def test_a_view_without_objects_teaches_background(name: str) -> None:
    net = fresh(name)
    empty = SCENES[0]._replace(masks=np.zeros((0, 128, 128), bool), categories=())
    view = draw_view(empty, FEW, np.random.default_rng(0), stride=net.stride,
                     zoom_to=net.zoom_to)
    targets = net.targets(view, np.random.default_rng(0))
    terms = net.losses(net(view.image[None]), [targets])
    total = sum(loss for loss, _ in terms.values())
    assert total.isfinite()
    total.backward()


@pytest.mark.parametrize("name", NAMES)
def test_an_object_of_another_kind_is_an_error(name: str) -> None:
    net = fresh(name, {99: "unicorn"})
    with pytest.raises(ValueError, match="category .* but the model knows"):
        train(net, SCENES, FEW)


@pytest.mark.parametrize("name", NAMES)
def test_losses_of_a_batch_are_those_of_its_views(name: str) -> None:
    """Sums and counts add up, so any number of processes takes the same step."""
    net = fresh(name).eval()
    rng = np.random.default_rng(1)
    views = [draw_view(sample, FEW, rng, stride=net.stride, zoom_to=net.zoom_to)
             for sample in (SCENES[2], SCENES[3])]
    targets = [net.targets(view, np.random.default_rng(5)) for view in views]
    images = torch.stack([view.image for view in views])
    both = net.losses(net(images), targets)
    each = [net.losses(net(image[None]), [target])
            for image, target in zip(images, targets, strict=True)]
    for term, (loss, count) in both.items():
        assert count == sum(one[term][1] for one in each)
        alone = sum(one[term][0] for one in each)
        torch.testing.assert_close(loss, alone, atol=1e-2, rtol=1e-3)


def test_sharpmask_trains_its_refinement_and_nothing_else() -> None:
    torch.manual_seed(0)
    trunk = DeepMask(m=24, backbone="small")
    net = model_class("SharpMask")(trunk)
    before = {name: each.clone() for name, each in net.state_dict().items()}
    train(net, SCENES, FEW)
    moved = {name for name, each in net.state_dict().items()
             if not torch.equal(each, before[name])}
    assert moved and not any(name.startswith("trunk.") for name in moved)
    assert {name.split(".")[0] for name in moved} == {"encode", "laterals", "refine"}


@pytest.mark.parametrize("name", ["FCIS", "YOLACT", "Discriminative", "SharpMask"])
def test_the_command_line_knows_it(name: str, tmp_path: Path,
                                   capsys: pytest.CaptureFixture[str]) -> None:
    data, out = write_folder(tmp_path / "data"), tmp_path / "run"
    model = ["--model", name]
    if name == "SharpMask":
        trunk = DeepMask(m=24, backbone="small").save(tmp_path / "deepmask.safetensors")
        model += ["--weights", str(trunk)]
    assert main(["train", "--out", str(out), "--annotations", str(data), *model,
                 "--iterations", "1", "--workers", "0", "--precision", "float32"]) == 0
    rate = load_checkpoint(out / "checkpoint.pt")["recipe"]["lr"]
    assert rate == (3e-3 if name == "SharpMask" else 1e-3)
    figures = tmp_path / "figures.json"
    assert main(["evaluate", "--annotations", str(data), "--weights", str(out), "--ap",
                 "--json", str(figures)]) == 0
    assert json.loads(figures.read_text())["objects"] > 3
    picture = data.parent / "images" / "0.png"
    assert main(["segment", str(picture), "--weights", str(out), "--out",
                 str(tmp_path / "overlay.png")]) == 0
    assert (tmp_path / "overlay.png").stat().st_size > 100
    capsys.readouterr()
    assert main(["models", name]) == 0
    assert "Source:" in capsys.readouterr().out
