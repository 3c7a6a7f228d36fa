"""Damaged weights and checkpoints: told in one sentence, and nothing wrong let in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from commands_cases import SMALL, write_folder
from damaged_bytes import damaged
from safetensors.torch import save_file
from training_cases import QUICK, network, one_thread, samples

import ifcn_lab
from ifcn_lab.__main__ import main
from ifcn_lab.data import shipped
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.layers.pretrained import read_tensors
from ifcn_lab.training import Run, load_checkpoint, save_checkpoint

__all__ = ["one_thread", "samples"]  # fixtures
MANY = pytest.mark.parametrize(
    "count", [40, pytest.param(500, marks=pytest.mark.long)])


def same(ours: dict, theirs: dict) -> bool:
    return ours.keys() == theirs.keys() and all(
        torch.equal(ours[name], theirs[name]) for name in ours)


def told(path: Path, error: ValueError) -> bool:
    """Whether an error is one line that names the file."""
    return str(path) in str(error) and "\n" not in str(error)


# Weights


@MANY
def test_damaged_weights_are_refused(count: int, tmp_path: Path) -> None:
    """A byte that means nothing, as a space, may have changed."""
    whole, path = network().save(tmp_path / "whole.safetensors"), tmp_path / "net"
    right, let_in = network().state_dict(), []
    for content in damaged(whole.read_bytes(), count):
        path.write_bytes(content)
        try:
            let_in.append(ifcn_lab.load(path).state_dict())
        except ValueError as error:
            assert told(path, error)
    assert len(let_in) < 0.1 * count
    assert all(same(right, weights) for weights in let_in)


@MANY
def test_damaged_weights_without_a_checksum_are_finite_if_taken(
        count: int, tmp_path: Path) -> None:
    """So older files, and those that others wrote, are read."""
    path, net = tmp_path / "net.safetensors", network()
    config = {"class": "InstanceFCN", **net.config}
    save_file(net.state_dict(), path, metadata={"ifcn_lab": json.dumps(config)})
    assert same(net.state_dict(), ifcn_lab.load(path).state_dict())
    for content in damaged(path.read_bytes(), count, seed=1):
        path.write_bytes(content)
        try:
            weights = ifcn_lab.load(path).state_dict()
        except ValueError as error:
            assert told(path, error)
        else:
            assert all(tensor.isfinite().all() for tensor in weights.values())


@pytest.mark.parametrize("name", ["scenes", "scenes-k3"])
def test_shipped_weights_carry_their_checksum(name: str, tmp_path: Path) -> None:
    content = bytearray(shipped.path(f"weights/{name}.safetensors").read_bytes())
    content[-2000] ^= 1                                  # the last bit of a number
    (tmp_path / "copy.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match=r"copy\.safetensors was changed after"):
        ifcn_lab.load(tmp_path / "copy.safetensors")


def replaced(name: str, tensor: torch.Tensor) -> dict[str, torch.Tensor]:
    return network().state_dict() | {name: tensor}


BIAS = "masks.0.bias"
SHAPE = network().state_dict()[BIAS].shape


@pytest.mark.parametrize(("tensors", "says"), [
    (replaced(BIAS, torch.full(SHAPE, torch.nan)), f"{BIAS} holds NaN or infinity"),
    (replaced(BIAS, torch.full(SHAPE, 1e300, dtype=torch.float64)), "NaN or infinity"),
    (replaced(BIAS, torch.zeros(SHAPE, dtype=torch.int32)), "of torch.int32, expected"),
    (replaced(BIAS, torch.zeros(3)), r"masks.0.bias has shape \(3,\), expected \("),
    (replaced("more", torch.zeros(3)), "more"), ({}, "is missing"),
], ids=["nan", "too large", "whole numbers", "shape", "one more", "none"])
def test_wrong_tensors_are_named(
        tensors: dict[str, torch.Tensor], says: str, tmp_path: Path) -> None:
    path, config = tmp_path / "odd.safetensors", network().config
    save_file(tensors, path, metadata={
        "ifcn_lab": json.dumps({"class": "InstanceFCN", **config})})
    with pytest.raises(ValueError, match=says) as found:
        ifcn_lab.load(path)
    assert told(path, found.value)


@pytest.mark.parametrize("config", [
    None, 3, [], {}, {"class": []}, {"class": None}, {"class": "Oracle"}, {"k": 2},
    *({"class": "InstanceFCN", "backbone": "small", **wrong} for wrong in (
        {"colour": "red"}, {"k": "five"}, {"k": -1}, {"k": None}, {"k": 10**12},
        {"m": 0}, {"backbone": "resnet"}, {"backbone": {}}, {"rule": 5},
        {"rule": {"x": 1}}, {"normalisation": "bgr"}, {"sizes": "large"}, {"sizes": 3},
        {"sizes": [float("nan"), 4]}, {"m": 7.5})),
], ids=str)
def test_a_configuration_that_builds_nothing_is_named(
        config: object, tmp_path: Path) -> None:
    path = tmp_path / "odd.safetensors"
    if isinstance(config, dict) and "backbone" in config:
        config = network().config | config
    save_file(network().state_dict(), path, metadata={"ifcn_lab": json.dumps(config)})
    with pytest.raises(ValueError) as found:
        ifcn_lab.load(path)
    assert "\n" not in str(found.value)


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1200000\n"


@pytest.mark.parametrize(
    "content", [POINTER.encode(), b"", b"{}", b"PK\3\4", b"\0" * 9])
def test_what_are_no_weights_is_one_sentence_of_every_command(
        content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, path = write_folder(tmp_path / "data"), tmp_path / "net.safetensors"
    path.write_bytes(content)
    train = ["train", "--annotations", str(data), "--out", str(tmp_path / "run")]
    picture = str(data.parent / "images" / "0.png")
    for command in (["segment", picture], ["evaluate", "--annotations", str(data)],
                    train):
        assert main([*command, "--weights", str(path)]) == 2
        said = capsys.readouterr().err
        assert f"{path} is truncated or no safetensors file" in said
        assert said.count("\n") == 1
        assert ("git lfs pull" in said) == (content == POINTER.encode())


@MANY
@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_damaged_initial_weights_are_refused(
        suffix: str, count: int, tmp_path: Path) -> None:
    """safetensors has no sums of its own: there a number may be another number."""
    torch.manual_seed(0)
    state = {f"features.{n}.weight": torch.randn(40, 9) for n in range(6)}
    path = tmp_path / f"vgg.{suffix}"
    torch.save(state, path) if suffix == "pth" else save_file(state, path)
    for content in damaged(path.read_bytes(), count, seed=2):
        path.write_bytes(content)
        try:
            weights = read_tensors(path)
        except ValueError as error:
            assert told(path, error)
        else:
            assert suffix == "safetensors" or same(state, weights)


# Checkpoints


@MANY
def test_a_damaged_checkpoint_is_refused(
        count: int, samples: SceneSet, tmp_path: Path) -> None:
    path = Run(network(), samples, QUICK).save(tmp_path / "checkpoint.pt")
    for content in damaged(path.read_bytes(), count, seed=3):
        path.write_bytes(content)
        with pytest.raises(ValueError) as found:
            load_checkpoint(path)
        assert told(path, found.value)


def test_a_checkpoint_of_another_recipe_or_other_code_is_refused(
        samples: SceneSet, tmp_path: Path) -> None:
    path, recipe = tmp_path / "checkpoint.pt", QUICK.with_(seed=5)
    Run(network(), samples, recipe).save(path)
    Run(network(), samples, recipe.with_(iterations=99, seconds=3.0)).resume(path)
    with pytest.raises(ValueError, match="a run with seed = 5, this one has seed = 0"):
        Run(network(), samples, QUICK).resume(path)
    state = load_checkpoint(path)
    state["model"]["masks.9.bias"] = state["model"].pop(BIAS)
    save_checkpoint(path, state)
    with pytest.raises(ValueError, match="was written by other code") as found:
        Run(network(), samples, recipe).resume(path)
    assert told(path, found.value)
    del state["optimizer"]
    save_checkpoint(path, state)
    with pytest.raises(ValueError, match="not a checkpoint of a run: it lacks opt"):
        load_checkpoint(path)


def changed(content: bytes) -> bytes:
    """The last bit of a number is another."""
    half = len(content) // 2
    return content[:half] + bytes([content[half] ^ 1]) + content[half + 1:]


@pytest.mark.parametrize(("damage", "says"), [
    (changed, "checkpoint.pt is truncated or no checkpoint"),
    (None, "no run to resume in"),
    (lambda content: content[88:], "is not a checkpoint of this"),
])
def test_what_cannot_be_gone_on_from_is_told_and_nothing_begins_again(
        damage: object, says: str, tmp_path: Path,
        capsys: pytest.CaptureFixture[str]) -> None:
    data, out = write_folder(tmp_path / "data"), tmp_path / "run"
    assert main(["train", "--out", str(out), "--annotations", str(data), "--workers",
                 "0", "--iterations", "2", *SMALL]) == 0
    resume = ["train", "--out", str(out), "--resume", "--workers", "0"]
    path = out / "checkpoint.pt"
    whole = path.read_bytes()
    path.write_bytes(damage(whole)) if damage else path.unlink()
    before = {each.name: each.read_bytes() for each in out.iterdir() if each != path}
    capsys.readouterr()
    assert main([*resume, "--iterations", "3"]) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1
    for each in ("log.csv", "model.safetensors"):
        assert (out / each).read_bytes() == before[each]
    path.write_bytes(whole)
    assert main([*resume, "--iterations", "3"]) == 0
    assert load_checkpoint(out / "checkpoint.pt")["iteration"] == 3
