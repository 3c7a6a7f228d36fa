"""InstanceFCN has the paper's two branches, takes any image and survives a file."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from training_cases import one_thread

from ifcn_lab.assembling import assemble
from ifcn_lab.data import shipped
from ifcn_lab.models.deepmask import DeepMask
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.segmenter import pad_to_multiple
from ifcn_lab.windows.labels import SNUG

__all__ = ["one_thread"]  # a fixture


@pytest.fixture(scope="module")
def papers() -> InstanceFCN:
    torch.manual_seed(0)
    return InstanceFCN().eval()


@pytest.fixture(scope="module")
def small() -> InstanceFCN:
    torch.manual_seed(0)
    return InstanceFCN(k=3, m=7, backbone="small").eval()


def numbers(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_the_default_is_the_papers_network(papers: InstanceFCN) -> None:
    assert (papers.k, papers.m, papers.stride) == (5, 21, 8)
    assert papers.stride * papers.m == 168


@pytest.mark.parametrize(("k", "weights"), [(3, 41_472), (5, 115_200), (7, 225_792)])
def test_the_last_layer_has_the_weights_the_paper_counts(k: int, weights: int) -> None:
    last = InstanceFCN(k=k).masks[-1]
    assert last.weight.shape == (k * k, 512, 3, 3)
    assert last.weight.numel() == weights


def test_both_branches_have_the_papers_layers(papers: InstanceFCN) -> None:
    first, last = papers.masks[0], papers.masks[-1]
    assert (first.kernel_size, last.kernel_size) == ((1, 1), (3, 3))
    assert numbers(first) == 262_656
    first, last = papers.objectness[0], papers.objectness[-1]
    assert (first.kernel_size, last.kernel_size) == ((3, 3), (1, 1))
    assert numbers(papers.objectness) == 2_360_321


@pytest.mark.parametrize("size", [(1, 1), (7, 13), (8, 8), (50, 70)])
def test_the_papers_network_takes_an_image_of_any_size(
    papers: InstanceFCN, size: tuple[int, int]
) -> None:
    with torch.inference_mode():
        maps, objectness = papers(torch.rand(2, 3, *size))
    cells = -(-size[0] // 8), -(-size[1] // 8)
    assert maps.shape == (2, 25, *cells)
    assert objectness.shape == (2, *cells)


@given(h=st.integers(1, 40), w=st.integers(1, 40))
@settings(max_examples=15)
def test_the_small_network_takes_an_image_of_any_size(
    small: InstanceFCN, h: int, w: int
) -> None:
    with torch.inference_mode():
        maps, objectness = small(torch.rand(1, 3, h, w))
    assert maps.shape == (1, 9, -(-h // 4), -(-w // 4))
    assert objectness.shape == maps.shape[:1] + maps.shape[2:]
    assert torch.isfinite(maps).all() and torch.isfinite(objectness).all()


def test_padding_goes_below_and_to_the_right_and_is_zero() -> None:
    padded = pad_to_multiple(torch.ones(1, 2, 5, 8), 4)
    assert padded.shape == (1, 2, 8, 8)
    assert (padded[:, :, :5] == 1).all() and (padded[:, :, 5:] == 0).all()


def test_padding_an_image_of_the_mean_colour_changes_nothing(
    small: InstanceFCN,
) -> None:
    """What stands outside the image is its mean colour, as inside the network."""
    image = torch.rand(1, 3, 21, 30)
    padded = small.mean.expand(1, 3, 24, 32).clone()
    padded[:, :, :21, :30] = image
    with torch.inference_mode():
        for ours, theirs in zip(small(image), small(padded), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


def test_an_image_shifted_by_the_stride_shifts_the_maps(papers: InstanceFCN) -> None:
    image = torch.rand(1, 3, 8, 400)
    with torch.inference_mode():
        maps, _ = papers(image)
        moved, _ = papers(image[..., 8:])
    middle = slice(20, 25)                        # no border is seen from here
    assert maps[..., middle].std() > 0
    torch.testing.assert_close(moved[..., 19:24], maps[..., middle], rtol=0, atol=1e-5)


def test_windows_are_assembled_from_the_maps(small: InstanceFCN) -> None:
    maps = torch.randn(9, 6, 8)
    centers = torch.tensor([[0, 0], [3, 4], [5, 7]])
    expected = assemble(maps.numpy(), 7, centers=centers.numpy(), backend="loop",
                        fill=-2.0)
    found = small.windows(maps, centers, fill=-2.0).numpy()
    assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    ("k", "m", "says"), [(5, 4, "m >= k"), (0, 21, "at least 1"), (-1, 3, "at least 1")]
)
def test_a_grid_that_does_not_fit_its_window_is_refused(
    k: int, m: int, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        InstanceFCN(k=k, m=m, backbone="small")


def test_a_saved_network_comes_back_exactly(
    small: InstanceFCN, tmp_path: Path
) -> None:
    net = InstanceFCN(3, 7, "small", rule=SNUG, sizes=(10.0, 90.0))
    net.load_state_dict(small.state_dict())
    back = InstanceFCN.load(net.save(tmp_path / "net.safetensors"))
    assert back.config == net.config
    assert (back.sizes, back.rule) == ((10.0, 90.0), SNUG)
    assert not back.training
    ours, theirs = net.state_dict(), back.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    image = torch.rand(1, 3, 30, 40)
    with torch.inference_mode():
        torch.testing.assert_close(net.eval()(image).maps, back(image).maps)


def test_weights_stored_at_half_precision_load_as_float32(
    small: InstanceFCN, tmp_path: Path
) -> None:
    copy.deepcopy(small).half().save(tmp_path / "half.safetensors")
    back = InstanceFCN.load(tmp_path / "half.safetensors")
    assert {p.dtype for p in back.parameters()} == {torch.float32}
    for ours, theirs in zip(small.parameters(), back.parameters(), strict=True):
        assert torch.equal(ours.half(), theirs.half())


def metadata(path: Path) -> dict[str, str]:
    from safetensors import safe_open

    with safe_open(str(path), framework="pt") as file:
        return file.metadata()


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.999])
def test_truncated_weights_are_named(
    small: InstanceFCN, tmp_path: Path, share: float
) -> None:
    path = small.save(tmp_path / "cut.safetensors")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ValueError, match=r"cut\.safetensors is truncated"):
        InstanceFCN.load(path)


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(3)}, path)
    with pytest.raises(ValueError, match=r"other\.safetensors .*no model saved by"):
        InstanceFCN.load(path)


def test_weights_that_do_not_fit_their_own_configuration_are_refused(
    small: InstanceFCN, tmp_path: Path
) -> None:
    path = small.save(tmp_path / "odd.safetensors")
    config = {"ifcn_lab": metadata(path)["ifcn_lab"].replace('"k": 3', '"k": 5')}
    save_file(load_file(path), path, metadata=config)
    with pytest.raises(ValueError, match=r"odd\.safetensors"):
        InstanceFCN.load(path)


def test_weights_of_a_relative_are_refused_by_name(tmp_path: Path) -> None:
    path = DeepMask(7, "small").save(tmp_path / "relative.safetensors")
    with pytest.raises(ValueError, match=r"relative\.safetensors"):
        InstanceFCN.load(path)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.safetensors"):
        InstanceFCN.load(tmp_path / "nowhere.safetensors")


def test_unknown_shipped_weights_are_named() -> None:
    with pytest.raises(FileNotFoundError, match="weights/photographs"):
        InstanceFCN.from_pretrained("photographs")


def test_the_shipped_weights_load_and_are_small() -> None:
    path = shipped.path("weights/scenes.safetensors")
    net = InstanceFCN.from_pretrained("scenes")
    assert (net.k, net.stride) == (5, 4)
    assert path.stat().st_size < 4_000_000
    assert {p.dtype for p in net.parameters()} == {torch.float32}
