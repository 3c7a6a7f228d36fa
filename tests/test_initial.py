"""ImageNet's VGG-16 from a file, in every naming, and layers that are drawn."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from initial_cases import State, holds, net, state
from safetensors.torch import save_file
from torch import nn
from training_cases import QUICK, one_thread, samples

from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.layers.pretrained import gaussian, he, initialise
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.training import Run

__all__ = ["net", "one_thread", "samples", "state"]  # fixtures

# The network's 13 convolutions as torchvision, Caffe and SSD call them, by hand.
NAMES = {
    "0": "conv1_1", "2": "conv1_2", "5": "conv2_1", "7": "conv2_2", "10": "conv3_1",
    "12": "conv3_2", "14": "conv3_3", "17": "conv4_1", "19": "conv4_2",
    "21": "conv4_3", "24": "conv5_1", "26": "conv5_2", "28": "conv5_3",
}  # fmt: skip


def caffe(state: State) -> State:
    return {f"{NAMES[key.split('.')[1]]}.{key.split('.')[2]}": value
            for key, value in state.items()}


NAMINGS = {"torchvision": (dict, "imagenet"), "caffe": (caffe, "caffe")}


# Files


@pytest.mark.parametrize("suffix", ["pth", "pt", "safetensors"])
@pytest.mark.parametrize("naming", NAMINGS)
def test_a_file_of_every_naming_lands_in_the_right_layers(
    net: InstanceFCN, state: State, tmp_path: Path, naming: str, suffix: str
) -> None:
    renamed, normalisation = NAMINGS[naming]
    path = write(tmp_path / f"weights.{suffix}", renamed(state))
    branches = copy.deepcopy(net.masks.state_dict())
    assert initialise(net, path) is net
    assert holds(net, state)
    assert net.normalisation == normalisation
    assert all(torch.equal(branches[n], v) for n, v in net.masks.state_dict().items())


def write(path: Path, state: State) -> Path:
    if path.suffix == ".safetensors":
        save_file({name: value.contiguous() for name, value in state.items()}, path)
    else:
        torch.save(state, path)
    return path


def test_a_classifier_is_ignored_even_if_it_is_not_finite(
    net: InstanceFCN, state: State, tmp_path: Path
) -> None:
    """As in the public Caffe file, of whose network only the features are there."""
    more = state | {"classifier.0.weight": torch.full((4, 4), float("nan")),
                    "classifier.0.bias": torch.zeros(4)}
    initialise(net, write(tmp_path / "vgg16.pth", more))
    assert holds(net, state)


@pytest.mark.parametrize("name", ["vgg16_features-amdegroot-88682ab5.pth",
                                  "vgg16-caffe.pth"])
def test_a_file_that_is_called_caffe_brings_caffes_preprocessing(
    net: InstanceFCN, state: State, tmp_path: Path, name: str
) -> None:
    initialise(net, write(tmp_path / name, state))
    assert net.normalisation == "caffe"


def test_weights_at_half_precision_become_float32(
    net: InstanceFCN, state: State, tmp_path: Path
) -> None:
    half = {name: value.half() for name, value in state.items()}
    initialise(net, write(tmp_path / "half.pth", half))
    assert holds(net, {name: value.float() for name, value in half.items()})


@torch.inference_mode()
def test_caffes_network_sees_0_to_255_less_its_mean(
    net: InstanceFCN, state: State
) -> None:
    """(123, 117, 104) of 255, to the digits that torchvision keeps."""
    net.normalise_as("caffe")
    image = torch.randint(0, 256, (1, 3, 16, 24)).float()
    seen = ((image / 255) - net.mean) / net.std
    expected = image - torch.tensor([123.0, 117.0, 104.0]).view(1, 3, 1, 1)
    torch.testing.assert_close(seen, expected, rtol=0, atol=2e-3)


@torch.inference_mode()
def test_the_network_remembers_its_preprocessing_in_its_file(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = InstanceFCN(k=2, m=7, backbone="small", normalisation="caffe").eval()
    back = InstanceFCN.load(net.save(tmp_path / "net.safetensors"))
    image = torch.rand(1, 3, 16, 24)
    assert back.config == net.config
    assert back.normalisation == "caffe"
    torch.testing.assert_close(back(image).maps, net(image).maps)
    other = copy.deepcopy(net)
    other.normalise_as("imagenet")
    assert not torch.allclose(other(image).maps, net(image).maps)


@pytest.mark.parametrize(("kept", "built"), [("caffe", "imagenet"),
                                             ("imagenet", "caffe")])
def test_a_resumed_run_goes_on_with_the_preprocessing_of_its_checkpoint(
    tmp_path: Path, samples: SceneSet, kept: str, built: str
) -> None:
    """A run that is resumed is built without --init: the checkpoint has the weights."""
    begun, resumed = (
        Run(InstanceFCN(2, 7, "small", normalisation=name), samples, QUICK)
        for name in (kept, built)
    )
    resumed.resume(begun.save(tmp_path / "checkpoint.pt"))
    assert resumed.model.normalisation == kept
    assert torch.equal(resumed.model.mean, begun.model.mean)


def test_the_shipped_networks_are_imagenets() -> None:
    shipped = InstanceFCN.from_pretrained("scenes")
    assert shipped.normalisation == "imagenet"
    assert torch.equal(shipped.mean.flatten(), torch.tensor([0.485, 0.456, 0.406]))


def test_an_unknown_preprocessing_is_refused() -> None:
    with pytest.raises(ValueError, match="imagenet, caffe; got 'bgr'"):
        InstanceFCN(backbone="small", normalisation="bgr")


# What is wrong with a file


def without(state: State, *names: str) -> State:
    return {name: value for name, value in state.items() if name not in names}


def test_missing_and_misshapen_weights_are_listed(
    net: InstanceFCN, state: State, tmp_path: Path
) -> None:
    bad = without(caffe(state), "conv3_2.bias", "conv5_3.weight")
    bad["conv1_2.weight"] = torch.zeros(64, 64, 5, 5)
    path = write(tmp_path / "bad.pth", bad)
    before = copy.deepcopy(net.backbone.state_dict())
    with pytest.raises(ValueError, match=r"bad\.pth does not fit") as found:
        initialise(net, path)
    for words in ("conv3_2.bias is missing", "conv5_3.weight is missing",
                  "conv1_2.weight has shape (64, 64, 5, 5), expected (64, 64, 3, 3)"):
        assert words in str(found.value)
    assert holds(net, before)
    assert net.normalisation == "imagenet"


def test_many_faults_are_counted(net: InstanceFCN, state: State,
                                 tmp_path: Path) -> None:
    some = {"features.0.weight": state["features.0.weight"]}
    with pytest.raises(ValueError, match="and 19 more"):
        initialise(net, write(tmp_path / "first.pth", some))


def test_weights_that_are_not_finite_are_refused(
    net: InstanceFCN, state: State, tmp_path: Path
) -> None:
    bad = state | {"features.7.bias": torch.full((128,), float("nan"))}
    with pytest.raises(ValueError, match=r"features\.7\.bias holds NaN"):
        initialise(net, write(tmp_path / "nan.pth", bad))


@pytest.mark.parametrize(
    ("content", "says"),
    [({"layer1.weight": torch.zeros(2)}, "found layer1.weight"), ({}, "found nothing"),
     ([1, 2], "holds a list"), (nn.ReLU(), "more than tensors")],
    ids=["another network", "empty", "a list", "an object"],
)
def test_another_file_is_named(
    net: InstanceFCN, tmp_path: Path, content: object, says: str
) -> None:
    torch.save(content, tmp_path / "odd.pth")
    with pytest.raises(ValueError, match=says) as found:
        initialise(net, tmp_path / "odd.pth")
    assert "odd.pth" in str(found.value)


class Evil:
    """Loading it would run a program."""

    ran = False

    def __reduce__(self) -> tuple:
        return setattr, (Evil, "ran", True)


def test_a_file_that_would_run_code_is_refused_and_nothing_runs(
    net: InstanceFCN, tmp_path: Path
) -> None:
    torch.save({"features.0.weight": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(ValueError, match="more than tensors"):
        initialise(net, tmp_path / "evil.pth")
    assert not Evil.ran


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_truncated_file_is_named(
    net: InstanceFCN, state: State, tmp_path: Path, suffix: str, share: float
) -> None:
    whole = write(tmp_path / f"whole.{suffix}", state).read_bytes()
    path = tmp_path / f"cut.{suffix}"
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ValueError, match=r"cut\.\w+ is truncated"):
        initialise(net, path)


def test_a_missing_file_is_named_with_the_names_there_are(net: InstanceFCN) -> None:
    with pytest.raises(FileNotFoundError, match=r"vgg19.*vgg16, vgg16-caffe"):
        initialise(net, "vgg19")


def test_another_backbone_is_refused() -> None:
    small = InstanceFCN(backbone="small")
    with pytest.raises(ValueError, match="'small'; build it with backbone='vgg16'"):
        initialise(small, "vgg16")


# Drawing layers


def test_a_gaussian_fills_the_branches_and_leaves_the_backbone(
    net: InstanceFCN,
) -> None:
    before = copy.deepcopy(net.backbone.state_dict())
    gaussian(net, std=0.02)
    assert holds(net, before)
    for branch in (net.masks, net.objectness):
        first = branch[0].weight.detach()
        assert float(first.mean()) == pytest.approx(0, abs=3e-4)
        assert float(first.std()) == pytest.approx(0.02, rel=0.02)
        assert float(first.abs().max()) > 0.04                  # no truncated Gaussian
        assert all((layer.bias == 0).all() for layer in (branch[0], branch[2]))


@pytest.mark.parametrize("std", [0.0, -1.0, float("nan"), float("inf")])
def test_a_standard_deviation_above_zero_is_wanted(
    net: InstanceFCN, std: float
) -> None:
    with pytest.raises(ValueError, match="std is"):
        gaussian(net, std)


@torch.inference_mode()
def test_he_keeps_the_size_of_features_where_the_default_loses_it(
    net: InstanceFCN,
) -> None:
    image = torch.randn(1, 3, 64, 64)
    lost = float(net.backbone(image).std())
    kept_ = float(he(net).backbone(image).std())
    assert lost < 0.1 < kept_ < 10
    assert float(net.masks[-1].weight.std()) == pytest.approx(0.01, rel=0.02)
