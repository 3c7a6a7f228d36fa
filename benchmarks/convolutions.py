"""The convolutions of `propose`, run in several ways side by side.

    python -m benchmarks.convolutions

One thread, a scene of 640x480 at the three scales of the shipped network. The ways
take turns, so that whatever else the machine does falls on all of them. Differences
are the largest of any score, against float32 with batch norms in the ordinary layout.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median

import numpy as np
import torch
from jaxtyping import Float

from ifcn_lab import scenes
from ifcn_lab.layers.backbones import fused, uses_bfloat16
from ifcn_lab.models.instancefcn import InstanceFCN, ScoreMaps
from ifcn_lab.segmenter import to_tensor
from ifcn_lab.windows.proposals import default_zooms
from ifcn_lab.windows.pyramid import resize_image

ROUNDS = 7
Images = Sequence[Float[torch.Tensor, "1 3 _h _w"]]


class Contiguous(InstanceFCN):
    """The network without `channels_last`: maps lie one after the other in memory."""

    @staticmethod
    def of(net: InstanceFCN) -> Contiguous:
        """A copy of the network in the ordinary layout."""
        twin = copy.deepcopy(net).to(memory_format=torch.contiguous_format)
        twin.__class__ = Contiguous
        return twin

    def forward(self, images: Float[torch.Tensor, "B 3 h w"]) -> ScoreMaps:
        """What InstanceFCN does, on maps in the ordinary layout."""
        x = torch.nn.functional.pad(
            (images - self.mean) / self.std,
            (0, -images.shape[3] % self.stride, 0, -images.shape[2] % self.stride),
        )
        features = self.backbone(x)
        return ScoreMaps(self.masks(features), self.objectness(features).squeeze(1))


def run(net: InstanceFCN, images: Images, mode: Callable = torch.inference_mode,
        *, half: bool = False) -> list[ScoreMaps]:
    """The network on every scale."""
    with mode(), torch.autocast("cpu", torch.bfloat16, enabled=half):
        return [net(image) for image in images]


def converted(net: InstanceFCN, images: Images) -> list[ScoreMaps]:
    """The network with its weights turned to bfloat16 once, instead of by autocast."""
    with torch.inference_mode():
        return [net(image.bfloat16()) for image in images]


def ways(net: InstanceFCN, images: Images) -> dict[str, Callable[[], list[ScoreMaps]]]:
    """Every way by its name; the first is the one the others are compared with."""
    fast, plain = fused(net), Contiguous.of(net)
    every = {
        "float32, ordinary layout": partial(run, plain, images),
        "float32, ordinary layout, fused": partial(run, fused(plain), images),
        "float32, channels_last": partial(run, net, images),
        "float32, channels_last, no_grad": partial(run, net, images, torch.no_grad),
        "float32, channels_last, fused": partial(run, fast, images),
    }
    if uses_bfloat16("auto"):
        whole = copy.deepcopy(fast).bfloat16()
        every |= {
            "bfloat16, channels_last": partial(run, net, images, half=True),
            "bfloat16, channels_last, fused": partial(run, fast, images, half=True),
            "bfloat16 weights, fused": partial(converted, whole, images),
        }
    return every


def differences(some: Sequence[ScoreMaps], truth: Sequence[ScoreMaps]) -> list[float]:
    """Largest difference of a mask logit and of an objectness probability."""
    masks = [(a.maps.float() - b.maps).abs().max()
             for a, b in zip(some, truth, strict=True)]
    chance = [(a.objectness.float().sigmoid() - b.objectness.sigmoid()).abs().max()
              for a, b in zip(some, truth, strict=True)]
    return [float(max(masks)), float(max(chance))]


def main() -> None:
    """Print a line for each way."""
    torch.set_num_threads(1)
    net = InstanceFCN.from_pretrained()
    picture = to_tensor(scenes.make(3, size=(480, 640), objects=(20, 30)).image)
    images = [resize_image(picture, zoom, net.stride)[None]
              for zoom in default_zooms(net, tuple(picture.shape[1:]))]
    every = ways(net, images)
    results = {name: way() for name, way in every.items()}           # warms up
    times: dict[str, list[float]] = {name: [] for name in every}
    for name, way in list(every.items()) * ROUNDS:
        start = time.perf_counter()
        way()
        times[name].append(1000 * (time.perf_counter() - start))
    truth = next(iter(results.values()))
    print(f"convolutions, light backbone, 640x480, {len(images)} scales, one thread; "
          f"medians of {ROUNDS}, and the middle half")
    for name, took in times.items():
        low, high = np.percentile(took, [25, 75])
        logit, chance = differences(results[name], truth)
        print(f"  {name:32} {median(took):6.0f} ms ({low:.0f} to {high:.0f}), "
              f"logits {logit:.0e}, objectness {chance:.0e} off")


if __name__ == "__main__":
    main()
