"""A photograph in the page: resized, run at each zoom, and read as the library does."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import numpy as np
import pytest
import torch

from ifcn_lab import InstanceFCN, propose
from ifcn_lab.widgets import front_end
from ifcn_lab.widgets.layer_list import layer_list, rounded
from ifcn_lab.widgets.playground import coins
from ifcn_lab.windows.proposals import default_zooms
from ifcn_lab.windows.pyramid import resize_image
from tests.page_network_cases import in_node

SIZES = [(40, 60, 0.5), (40, 60, 0.13), (33, 17, 1.47), (50, 71, 0.978), (1, 9, 3.0)]
RESIZED = """given.map(({ pixels, h, w, H, W }) =>
  Array.from(resized(Uint8Array.from(pixels), h, w, H, W)))"""
LOOKED = """(() => {
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const halves = new Uint16Array(bytes(given.weights).buffer);
  const network = new Network(given.told, halves, bytes(CONVOLUTION));
  const looking = looks(network, { ...given, pixels: bytes(given.pixels) });
  const shares = [];
  let step = looking.next();
  for (; !step.done; step = looking.next()) shares.push(step.value);
  return { shares: [shares.length, shares[0], shares.at(-1)],
           found: step.value.found.map(({ level, y, x, score, box, mask }) =>
             ({ window: [level, y, x], score, box, mask: Array.from(mask) })) };
})()"""


def test_a_picture_is_resized_as_torch_does(tmp_path: Path) -> None:
    rng, given, true = np.random.default_rng(0), [], []
    for h, w, zoom in SIZES:
        picture = rng.integers(0, 256, (h, w, 3), np.uint8)
        whole = torch.from_numpy(picture).permute(2, 0, 1).float()
        small = resize_image(whole, zoom, least=4)
        true.append(small.permute(1, 2, 0).numpy().ravel())
        given.append({"pixels": picture.ravel().tolist(), "h": h, "w": w,
                      "H": small.shape[1], "W": small.shape[2]})
    found = in_node(front_end.joined("pyramid.js"), RESIZED, given, tmp_path)
    for ours, torchs in zip(found, true, strict=True):
        assert np.abs(np.array(ours) - torchs).max() < 1e-3          # of 255


@pytest.mark.parametrize("cut", [np.s_[:], np.s_[40:190, 30:101]])
def test_proposals_of_a_photograph_are_the_librarys(cut: tuple, tmp_path: Path) -> None:
    net, picture = InstanceFCN.from_pretrained("scenes-instancefcn"), coins()[cut]
    listed, (h, w) = layer_list(net), picture.shape
    zooms = default_zooms(net, (h, w))
    wishes = {"k": 5, "m": 21, "stride": 4, "top": 60, "candidates": 600, "iou": 0.5,
              "least": 0.5}
    given = {"told": listed.told(), "weights": b64encode(listed.weights).decode(),
             "pixels": b64encode(np.repeat(picture, 3).tobytes()).decode(), "h": h,
             "w": w, "zooms": zooms, "order": list(range(25)), "wishes": wishes}
    modules = ("convolution.js", "network.js", "pyramid.js")
    code = "".join(map(front_end.joined, modules))
    looked = in_node(code, LOOKED, given, tmp_path)
    true = propose(rounded(net), picture, top=60, candidates=600, nms_iou=0.5)
    sure = true.take(np.flatnonzero(true.scores >= 0.5))
    found = looked["found"]
    assert len(found) == len(sure) >= 5
    assert [one["window"] for one in found] == sure.windows.tolist()
    assert [one["box"] for one in found] == sure.boxes.tolist()
    assert np.allclose([one["score"] for one in found], sure.scores, atol=1e-5)
    for one, crop in zip(found, sure.crops, strict=True):
        assert (np.array(one["mask"]) != crop.ravel()).mean() < 2e-3  # near logit 0
    steps, first, last = looked["shares"]
    assert steps > 100 and 0 < first < last == pytest.approx(1)
