"""From a sample (image and masks) to what one training step eats.

The image is scaled, cropped and mirrored together with its masks; then the windows
are labelled and drawn on the feature map that the network will produce.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from ifcn_lab.data import Sample
from ifcn_lab.model import IMAGENET_MEAN
from ifcn_lab.targets import (
    WindowLabels,
    label_windows,
    mask_targets,
    sample_windows,
    tight_boxes,
)
from ifcn_lab.training.recipe import Recipe


class Example(NamedTuple):
    """One image and its drawn windows.

    Shapes: `image` (3, h, w) in [0, 1]; `centers` (n, 2); `label` (n,), 1 or 0, the
    positives first; `target` (P, m, m) in [0, 1] and `counts` (P, m, m), for the first
    P windows: the positive ones, or all with `Recipe.negative_masks`.
    """

    image: Float[Tensor, "3 h w"]
    centers: Int[Tensor, "n 2"]
    label: Float[Tensor, "n"]
    target: Float[Tensor, "P m m"]
    counts: Bool[Tensor, "P m m"]


class View(NamedTuple):
    """A piece of a sample as the network sees it: image, masks and crowd, in pixels.

    `size` is how much of it (rows, columns) shows the picture; the rest is padding.
    """

    image: Float[Tensor, "3 h w"]
    masks: Float[Tensor, "N h w"]
    crowd: Float[Tensor, "h w"]
    size: tuple[int, int]


def make_example(
    sample: Sample, recipe: Recipe, *, stride: int, m: int, rng: np.random.Generator
) -> Example:
    """Scale, crop and mirror a sample, then draw its windows.

    Raises:
        ValueError: masks, crowd and image differ in size.
    """
    check_sizes(sample)
    box = draw_object(sample, rng)
    zoom = draw_zoom(sample, box, recipe, stride * m, rng)
    if recipe.crop is None:
        view = scale_all(sample, zoom, stride)
    else:
        view = cut(sample, zoom, box, recipe.crop, rng, recipe.jitter)
    if recipe.flip and rng.random() < 0.5:
        view = mirror(view)
    if recipe.turn and view.size == tuple(view.image.shape[1:]):
        view = turn(view, int(rng.integers(4)))
    if recipe.photometric:
        view = view._replace(image=relight(view.image, recipe.photometric, rng))
    return draw_windows(view, recipe, stride=stride, m=m, rng=rng)


def check_sizes(sample: Sample) -> None:
    """Raise a ValueError where masks or crowd are not of the image's size."""
    size = sample.image.shape[:2]
    for name, found in (("masks", sample.masks.shape[1:]),
                        ("crowd", sample.crowd.shape)):
        if found != size:
            raise ValueError(f"{sample.name}: {name} of {found} (h, w), but the image "
                             f"is {size}; they must be of one size")


def draw_object(sample: Sample, rng: np.random.Generator) -> Int[np.ndarray, "4"]:
    """The tight box of a random object, or the whole image where there is none."""
    if len(sample.masks) == 0:
        h, w = sample.image.shape[:2]
        return np.array([0, 0, w, h])
    return tight_boxes(sample.masks[[rng.integers(len(sample.masks))]])[0]


def draw_zoom(
    sample: Sample, box: Int[np.ndarray, "4"], recipe: Recipe, side: int,
    rng: np.random.Generator,
) -> float:
    """How much to enlarge the image: to a drawn scale, or until the object fits."""
    if recipe.shorter_sides is not None:
        return float(rng.choice(recipe.shorter_sides)) / min(sample.image.shape[:2])
    if len(sample.masks) == 0:
        return 1.0
    octaves = rng.uniform(-1, 1) * recipe.rule.scale_tolerance
    return float(recipe.rule.canonical * side / max(box[2:] - box[:2]) * 2**octaves)


def scale_all(sample: Sample, zoom: float, stride: int) -> View:
    """The whole sample, enlarged by `zoom`, padded to a multiple of the stride."""
    height, width = (max(1, round(zoom * side)) for side in sample.image.shape[:2])
    padded = (-(-height // stride) * stride, -(-width // stride) * stride)
    return resize(sample, (height, width), padded)


def cut(
    sample: Sample, zoom: float, box: Int[np.ndarray, "4"], side: int,
    rng: np.random.Generator, jitter: float = 0.2,
) -> View:
    """A square of `side` pixels of the enlarged sample, somewhere round an object."""
    reach = max(1, round(side / zoom))                       # in pixels of the sample
    middle = (box[1] + box[3]) / 2, (box[0] + box[2]) / 2
    inside = tuple(
        slice(start, start + reach) for start in
        (start_of_cut(at, reach, length, rng, jitter)
         for at, length in zip(middle, sample.image.shape[:2], strict=True))
    )
    masks = sample.masks[:, *inside]
    piece = sample._replace(image=sample.image[inside], crowd=sample.crowd[inside],
                            masks=masks[masks.any((1, 2))])
    size = tuple(min(side, max(1, round(n * side / reach)))
                 for n in piece.image.shape[:2])
    return resize(piece, size, (side, side))


def start_of_cut(
    focus: float, reach: int, length: int, rng: np.random.Generator,
    jitter: float = 0.2,
) -> int:
    """Where a cut of `reach` begins so that it holds `focus`, mostly inside."""
    start = focus - rng.uniform(0.5 - jitter, 0.5 + jitter) * reach
    return int(np.clip(start, 0, max(0, length - reach)))


def resize(sample: Sample, size: tuple[int, int], padded: tuple[int, int]) -> View:
    """Scale image, masks and crowd to `size`, then pad below and to the right."""
    image = torch.tensor(sample.image).permute(2, 0, 1).float() / 255     # (3, h, w)
    layers = np.concatenate([sample.masks, sample.crowd[None]])           # (N+1, h, w)
    stack = torch.cat([image, torch.tensor(layers).float()])[None]
    stack = F.interpolate(stack, size, mode="bilinear", antialias=True,
                          align_corners=False)[0]
    pad = (0, padded[1] - size[1], 0, padded[0] - size[0])
    stack = F.pad(stack, pad)                                     # (3+N+1, H', W')
    mean = torch.tensor(IMAGENET_MEAN).view(3, 1, 1)
    outside = F.pad(torch.zeros(1, *size), pad, value=1.0)
    return View(stack[:3] + mean * outside, stack[3:-1], stack[-1], size)


def mirror(view: View) -> View:
    """Left becomes right, the padding stays where it is."""
    width = view.size[1]

    def flip(x: Tensor) -> Tensor:
        return torch.cat([x[..., :width].flip(-1), x[..., width:]], -1)

    return View(flip(view.image), flip(view.masks), flip(view.crowd), view.size)


def turn(view: View, quarters: int) -> View:
    """The same view, turned to the left by so many quarter turns."""
    turned = (x.rot90(quarters, (-2, -1)) for x in view[:3])
    return View(*turned, view.size)


def relight(
    image: Float[Tensor, "3 h w"], strength: float, rng: np.random.Generator
) -> Float[Tensor, "3 h w"]:
    """Random contrast, brightness, tint, and now and then the negative."""
    if rng.random() < 0.3 * strength:
        image = 1 - image
    tint = 1 + strength * rng.uniform(-0.15, 0.15, 3)
    gain = 2 ** (strength * rng.uniform(-0.7, 0.7))
    level = image.mean() + strength * rng.uniform(-0.15, 0.15)
    scale = torch.tensor(gain * tint, dtype=torch.float32).view(3, 1, 1)
    return ((image - image.mean()) * scale + level).clamp(0, 1)


def draw_windows(
    view: View, recipe: Recipe, *, stride: int, m: int, rng: np.random.Generator
) -> Example:
    """Label the windows on the feature map of this view and draw from them."""
    boxes = tight_boxes(view.masks.numpy() >= 0.5)
    large = (boxes[:, 2:] - boxes[:, :2]).min(1, initial=10**9) >= 2
    cells = F.avg_pool2d(view.masks[large][:, None], stride)[:, 0].numpy()  # (N, H, W)
    crowd = F.avg_pool2d(view.crowd[None], stride)[0].numpy() > 0.5      # (H, W)
    labels = label_windows(boxes[large], crowd.shape, stride=stride, m=m,
                           rule=recipe.rule, crowd=crowd)
    drawn = sample_windows(on_picture(labels, view.size, stride), recipe.windows,
                           rng=rng)
    masked = drawn.label >= (0 if recipe.negative_masks else 1)
    nothing = np.zeros((1, *crowd.shape), cells.dtype)     # instance -1 of a negative
    target, counts = mask_targets(np.concatenate([cells, nothing]),
                                  drawn.centers[masked], drawn.instance[masked], m,
                                  crowd)
    tensors = map(torch.tensor, (drawn.centers, drawn.label, target, counts))
    centers, label, target, counts = tensors
    return Example(view.image, centers, label.float(), target.float(), counts)


def on_picture(
    labels: WindowLabels, size: tuple[int, int], stride: int
) -> WindowLabels:
    """The same labels with every window centred on padding ignored."""
    label = labels.label.copy()
    label[-(-size[0] // stride):] = -1
    label[:, -(-size[1] // stride):] = -1
    return labels._replace(label=label)
