"""The network in the page thinks what torch thinks: in Node and in a real browser."""

from __future__ import annotations

import re
from base64 import b64decode
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ifcn_lab import InstanceFCN, propose, scenes
from ifcn_lab.models.fcis import FCIS
from ifcn_lab.models.yolact import YOLACT, Prototypes
from ifcn_lab.segmenter import Segmenter, to_tensor
from ifcn_lab.widgets import front_end
from ifcn_lab.widgets.layer_list import LayerList, layer_list, rounded
from tests.page_network_cases import (
    asked,
    every_map,
    in_browser,
    in_node,
    numbers,
    source,
)
from upkeep import convolution

CLOSE = 1e-3
SCENES = [scenes.make(seed, sizes=(28, 64)).image
          for seed in range(1_000_000, 1_000_010)]
SIZES = [(128, 128), (50, 71), (33, 4), (1, 1), (97, 130)]
ODD = [np.random.default_rng(h).integers(0, 256, (h, w, 3), np.uint8)
       for h, w in SIZES[1:]]


def fresh(backbone: str) -> InstanceFCN:
    """A network on this backbone with norms that do something."""
    torch.manual_seed(0)
    net = InstanceFCN(backbone=backbone)
    for name, value in net.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            value.uniform_(0.1, 0.4)
    return net.eval()


NETS = {"small": partial(fresh, "small"), "light": partial(fresh, "light"),
        "trained": partial(InstanceFCN.from_pretrained, "scenes-k5"),
        "yolact": YOLACT.from_pretrained}
each_net = pytest.mark.parametrize("name", NETS)


@pytest.fixture(scope="module")
def nets() -> dict[str, tuple[Segmenter, LayerList]]:
    """Each network with float16 weights, and its list of layers."""
    made = {name: make() for name, make in NETS.items()}
    return {name: (rounded(net), layer_list(net)) for name, net in made.items()}


def truth(net: Segmenter, image: np.ndarray) -> dict[str, np.ndarray]:
    """The logits of each answer, channel by channel, by its name in the page."""
    with torch.no_grad():
        out = net.eval()(to_tensor(image)[None])
    if isinstance(out, Prototypes):
        h, w = (-(-side // net.stride) for side in image.shape[:2])
        rest = {name: getattr(out, name)[0].reshape(h, w, -1).permute(2, 0, 1)
                for name in ("category", "code")}
        told = {"prototypes": out.prototypes[0], **rest, "mix": mix_logits(net, image)}
    else:
        told = dict(zip(("maps", "objectness"), out, strict=True))
    return {name: each.numpy().ravel() for name, each in told.items()}


@torch.no_grad()
def mix_logits(net: YOLACT, image: np.ndarray) -> torch.Tensor:
    """The coefficients before their tanh, which hides how far two logits are apart."""
    features = net.backbone(net.normalised(to_tensor(image)[None]))
    return net.mix(net.look(features))[0]


def furthest(
    net: Segmenter, images: list[np.ndarray], found: dict[str, Any]
) -> float:
    """The greatest difference of any logit."""
    differences = []
    for image, answer in zip(images, found["answers"], strict=True):
        for name, logits in truth(net, image).items():
            differences.append(np.abs(numbers(answer[name]) - logits).max())
    return float(max(differences))


@each_net
def test_the_list_of_layers_is_the_network(nets, name: str) -> None:
    net, listed = nets[name]
    for image in (SCENES[0], *ODD):
        same_logits(net, listed, image)


def same_logits(net: Segmenter, listed: LayerList, image: np.ndarray) -> None:
    maps = every_map(listed, image)
    for name, logits in truth(net, image).items():
        found = maps[listed.answers[name] - 1].numpy().ravel()
        assert np.abs(found - logits).max() < 1e-4, name


@each_net
def test_logits_of_ten_scenes_are_torchs_in_node(
    nets, name: str, tmp_path: Path
) -> None:
    net, listed = nets[name]
    found = in_node(source(), "work(given)", asked(listed, SCENES), tmp_path)
    assert found["kind"] == "WebAssembly"
    assert furthest(net, SCENES, found) < CLOSE


@each_net
def test_logits_of_odd_sizes_are_torchs_in_node(
    nets, name: str, tmp_path: Path
) -> None:
    net, listed = nets[name]
    found = in_node(source(), "work(given)", asked(listed, ODD), tmp_path)
    assert furthest(net, ODD, found) < CLOSE


@each_net
def test_without_webassembly_plain_javascript_thinks_the_same(
    nets, name: str, tmp_path: Path
) -> None:
    net, listed = nets[name]
    few = [ODD[0], ODD[1], ODD[2]]
    found = in_node(source(), "work(given)", asked(listed, few, wasm=False), tmp_path)
    assert found["kind"] == "JavaScript"
    assert furthest(net, few, found) < CLOSE


@each_net
def test_every_layer_is_torchs(nets, name: str, tmp_path: Path) -> None:
    listed = nets[name][1]
    given = asked(listed, [ODD[0]], layers=True)
    answer = in_node(source(), "work(given)", given, tmp_path)["answers"][0]
    for number, true in enumerate(every_map(listed, ODD[0])):
        found = numbers(answer["layers"][number])
        assert np.abs(found - true.numpy().ravel()).max() < CLOSE, listed.layers[number]


@each_net
def test_logits_are_torchs_in_the_browser(nets, browser, name: str) -> None:
    net, listed = nets[name]
    images = [*SCENES[:3], *ODD]
    found = in_browser(browser, source(), "work(given)", asked(listed, images))
    assert found["kind"] == "WebAssembly"
    assert furthest(net, images, found) < CLOSE


def test_a_page_that_may_not_compile_falls_back(nets, browser) -> None:
    net, listed = nets["light"]
    code = "const WebAssembly = undefined;\n" + source()
    found = in_browser(browser, code, "work(given)", asked(listed, SCENES[:1]))
    assert found["kind"] == "JavaScript"
    assert furthest(net, SCENES[:1], found) < CLOSE


def test_every_float16_is_read(tmp_path: Path) -> None:
    bits = np.arange(2**16, dtype=np.uint16)
    bits = bits[np.isfinite(bits.view(np.float16))]
    code = front_end.joined("network.js")
    found = in_node(code, "given.map(fromHalf)", bits.tolist(), tmp_path)
    assert found == bits.view(np.float16).astype(float).tolist()


def test_vgg_is_refused() -> None:
    with pytest.raises(ValueError, match="small or light.*vgg16"):
        layer_list(InstanceFCN())


def test_a_judge_of_masks_and_other_models_are_refused() -> None:
    with pytest.raises(ValueError, match="rescore=False"):
        layer_list(YOLACT("light", rescore=True))
    with pytest.raises(TypeError, match="InstanceFCN or YOLACT; this is a FCIS"):
        layer_list(FCIS("light"))


def test_the_module_that_ships_is_its_text_compiled() -> None:
    if convolution.compiler() is None:
        pytest.skip("no wat2wasm: install Debian's package wabt")
    assert convolution.MODULE.read_text("utf-8") == convolution.written(
        convolution.compiled())


def test_the_module_that_ships_is_a_module() -> None:
    text = convolution.MODULE.read_text("utf-8")
    lines = re.findall(r'^  "(.*)",$', text, re.MULTILINE)
    assert b64decode("".join(lines))[:8] == b"\0asm\1\0\0\0"


# From logits to masks

WISHES = {"k": 5, "m": 21, "stride": 4, "top": 20, "candidates": 300}
PASTED = """given.map(({ H, W, maps, objectness, ...wishes }) => proposals(
  { H, W, maps: Float32Array.from(maps), objectness: Float32Array.from(objectness) },
  wishes).map(({ y, x, score, box, mask }) => ({ y, x, score, box,
                                                 mask: Array.from(mask) })))"""


def masks_asked(net: InstanceFCN, image: np.ndarray, **wishes: Any) -> dict[str, Any]:
    said = {name: logits.tolist() for name, logits in truth(net, image).items()}
    h, w = image.shape[:2]
    return {"H": -(-h // 4), "W": -(-w // 4), **said, "h": h, "w": w, **WISHES,
            **wishes}


def same_masks(net: InstanceFCN, image: np.ndarray, iou: float, found: list) -> int:
    true = propose(net, image, top=20, scales=[1.0], nms_iou=iou, candidates=300)
    assert [[w["y"], w["x"]] for w in found] == true.windows[:, 1:].tolist()
    assert [w["box"] for w in found] == true.boxes.tolist()
    assert np.allclose([w["score"] for w in found], true.scores, rtol=1e-6, atol=0)
    for one, crop in zip(found, true.crops, strict=True):
        assert one["mask"] == crop.ravel().tolist()
    return len(found)


@pytest.mark.parametrize("iou", [0.5, 0.8])
def test_nms_and_pasting_are_the_librarys(nets, iou: float, tmp_path: Path) -> None:
    net, images = nets["trained"][0], [*SCENES, ODD[0], ODD[3]]
    given = [masks_asked(net, image, iou=iou, least=0) for image in images]
    found = in_node(front_end.joined("pasting.js"), PASTED, given, tmp_path)
    counts = [same_masks(net, image, iou, each)
              for image, each in zip(images, found, strict=True)]
    assert min(counts) >= 3


def test_a_least_objectness_takes_the_worst_away(nets, tmp_path: Path) -> None:
    net, image = nets["trained"][0], SCENES[3]
    given = [masks_asked(net, image, iou=0.5, least=0.5)]
    found = in_node(front_end.joined("pasting.js"), PASTED, given, tmp_path)[0]
    true = propose(net, image, top=20, scales=[1.0], nms_iou=0.5, candidates=300)
    assert len(found) == (true.scores >= 0.5).sum() > 0
    assert [w["box"] for w in found] == true.boxes[: len(found)].tolist()
