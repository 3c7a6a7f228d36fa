"""Large pictures are shown to a network in bands; the seams change nothing."""

from __future__ import annotations

import pytest
import torch

from ifcn_lab import InstanceFCN
from ifcn_lab.windows import proposals, score_level
from ifcn_lab.windows.proposals import in_bands


def noise(h: int, w: int) -> torch.Tensor:
    return torch.rand(3, h, w, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("backbone", ["small", "light"])
@pytest.mark.parametrize("shape", [(512, 70), (38, 512)])
def test_a_network_run_in_bands_returns_what_it_does_of_the_whole(
    backbone: str, shape: tuple[int, int],
) -> None:
    net = InstanceFCN(k=3, backbone=backbone).eval().double()
    image = noise(*shape).double()
    with torch.inference_mode():
        whole = net(image[None])
        bands = in_bands(net, image, net.reach, pixels=1)
    for one, other in zip(whole, bands, strict=True):
        assert one.shape == other.shape
        # A convolution may add in another order for another size: no bits are asked.
        # 32 pixels less of reach are seen in the tenth digit at the latest.
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


def test_a_picture_of_many_pixels_is_scored_in_bands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    net = InstanceFCN.from_pretrained("scenes")
    whole = score_level(net, noise(608, 60), 1.0)
    monkeypatch.setattr(proposals, "BAND_PIXELS", 10_000)
    banded = score_level(net, noise(608, 60), 1.0)
    assert banded.stride == whole.stride == (4, 4)
    torch.testing.assert_close(banded.maps, whole.maps, rtol=0, atol=1e-4)


def test_the_longer_side_of_a_picture_in_bands_ends_with_a_coarse_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    net = InstanceFCN(k=3, backbone="light").eval()
    monkeypatch.setattr(proposals, "BAND_PIXELS", 10_000)
    level = score_level(net, noise(60, 401), 1.0)
    assert level.maps.shape == (9, 15, 104)
    assert level.stride == (4, 4 * 401 / 416)
