"""What a layer costs is counted as the papers count it, and adds up to the whole."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from training_cases import one_thread

from ifcn_lab.__main__ import main
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.training import LESSON
from ifcn_lab.training.cost import Cost, costs

__all__ = ["one_thread"]  # a fixture


@pytest.fixture(scope="module", params=["light", "small"])
def counted(request: pytest.FixtureRequest) -> list[Cost]:
    return costs(InstanceFCN(backbone=request.param))


def test_a_layer_multiplies_every_weight_at_every_place(counted: list[Cost]) -> None:
    by_name = {cost.layer: cost for cost in counted}
    objectness = by_name["objectness.0"]                # 3 x 3 at stride 4, with biases
    width = by_name["objectness.2"].parameters - 1
    assert objectness.picture == (objectness.parameters - width) * (128 // 4) ** 2


def test_layers_add_up_to_what_torch_counts(counted: list[Cost]) -> None:
    *layers, whole = counted
    name = "light" if whole.parameters < 300_000 else "small"
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        InstanceFCN(backbone=name)(torch.zeros(1, 3, 128, 128))
    picture = sum(layer.picture for layer in layers)
    assert picture == whole.picture == counter.get_total_flops() // 2
    assert sum(layer.parameters for layer in layers) <= whole.parameters


def test_a_step_goes_forward_and_back_to_inputs_and_to_weights(
    counted: list[Cost]
) -> None:
    first, *others, whole = counted                     # no gradient of the picture
    assert first.step == LESSON.batch * 2 * first.picture
    assert all(each.step == LESSON.batch * 3 * each.picture for each in others)
    assert whole.step == first.step + sum(each.step for each in others)


def test_the_light_backbone_has_a_quarter_of_the_multiply_adds_at_most() -> None:
    light, small = (costs(InstanceFCN(backbone=name))[-1]
                    for name in ("light", "small"))
    assert 4 * light.picture <= small.picture


def test_the_command_prints_every_layer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "DeepMask", "--cost", "--backbone", "light"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("whole") and any("masks" in line for line in lines)


def test_a_model_on_another_is_refused_with_what_to_give(
    capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "MNC", "--cost"]) != 0
    assert "MNC stands on another model; give one" in capsys.readouterr().err
