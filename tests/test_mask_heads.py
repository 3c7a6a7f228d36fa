"""Mask heads of other k: the file is small, and training moves nothing but a head."""

from __future__ import annotations

import torch

from ifcn_lab.data import shipped
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.training.batches import Batches
from ifcn_lab.weights_file import read_weights
from ifcn_lab.widgets.mask_heads import default_networks, pieces
from lessons.mask_heads import OTHERS, RECIPE, headless, trained_head


def loss(model: InstanceFCN) -> float:
    """The mask term's mean on four held-out scenes."""
    batch = Batches(SceneSet(4, 1_000_000), RECIPE, model.eval())[0, 0]
    images, targets = zip(*batch.examples, strict=True)
    with torch.no_grad():
        total, count = model.losses(model(torch.stack(images)), targets)["mask"]
    return float(total) / float(count)


def test_the_file_holds_a_head_for_each_k_and_has_a_card() -> None:
    path = shipped.path("weights/mask-heads.safetensors")
    config, tensors = read_weights(path)
    assert config["trunk"] == "scenes-instancefcn"
    assert {int(name[1]) for name in tensors} == set(OTHERS)
    assert path.stat().st_size <= 60_000
    assert path.name in shipped.path("weights/README.md").read_text("utf-8")


def test_twenty_steps_move_a_head_towards_what_ships() -> None:
    start, trained = headless(1), headless(1)
    trained.masks = trained_head(1, steps=20)
    assert loss(default_networks()[1]) < loss(trained) < loss(start)


def test_only_a_head_learns_and_no_norm_is_left_to_drift() -> None:
    model = headless(3)
    learning = [name for name, each in model.named_parameters() if each.requires_grad]
    assert {name.partition(".")[0] for name in learning} == {"masks"}
    assert not any(isinstance(each, torch.nn.BatchNorm2d) for each in model.modules())


def test_the_pages_pieces_make_each_network() -> None:
    networks = default_networks()
    made = pieces(networks, 5)
    begin, end, past = made.cut
    for k, (first, last) in made.spans.items():
        alone = pieces({k: networks[k]}, k)
        whole = made.weights
        parts = [whole[: 2 * begin], whole[2 * first : 2 * last],
                 whole[2 * end : 2 * past]]
        assert b"".join(parts) == alone.weights
