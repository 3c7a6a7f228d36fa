"""From a sample, image and masks, to a view: scaled, cut, mirrored, turned, relit.

Image, masks and crowd go through every step together. What a model is taught on the
view is made from it afterwards, by the model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from ifcn_lab.data import Sample
from ifcn_lab.data.masks import tight_boxes

if TYPE_CHECKING:
    from ifcn_lab.training.recipe import Recipe

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""The colour that an image is padded with."""


class View(NamedTuple):
    """A piece of a sample as a model sees it: image, masks and crowd, in pixels.

    `size` is how much of it (rows, columns) shows the picture; the rest is padding.
    `categories` belong to `masks`, one for one; `zoom` is how much it was enlarged.
    """

    image: Float[Tensor, "3 h w"]
    masks: Float[Tensor, "N h w"]
    crowd: Float[Tensor, "h w"]
    size: tuple[int, int]
    categories: tuple[int, ...]
    zoom: float = 1.0
    mirrored: bool = False


def draw_view(
    sample: Sample, recipe: Recipe, rng: np.random.Generator, *, stride: int,
    zoom_to: Callable[[Int[np.ndarray, "4"], np.random.Generator], float],
) -> View:
    """Scale, cut, mirror, turn and relight a sample as the recipe says.

    Args:
        sample: the image and its masks.
        recipe: `shorter_sides`, `crop`, `jitter`, `flip`, `turn`, `photometric`.
        rng: of every choice.
        stride: a whole view is padded to a multiple of it.
        zoom_to: how much to enlarge for the object in a box, where the recipe sets no
            scales.

    Raises:
        ValueError: masks, crowd and image differ in size, or categories are missing.
    """
    check_sizes(sample)
    box = draw_object(sample, rng)
    if recipe.shorter_sides is not None:
        zoom = float(rng.choice(recipe.shorter_sides)) / min(sample.image.shape[:2])
    else:
        zoom = zoom_to(box, rng) if len(sample.masks) else 1.0
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
    return view


def check_sizes(sample: Sample) -> None:
    """Raise a ValueError where masks or crowd are not of the image's size, or where
    objects and their categories are not as many.
    """
    size = sample.image.shape[:2]
    for name, found in (("masks", sample.masks.shape[1:]),
                        ("crowd", sample.crowd.shape)):
        if found != size:
            raise ValueError(f"{sample.name}: {name} of {found} (h, w), but the image "
                             f"is {size}; they must be of one size")
    if len(sample.categories) != len(sample.masks):
        raise ValueError(f"{sample.name}: {len(sample.masks)} masks and "
                         f"{len(sample.categories)} categories; give each object one, "
                         "1 where kinds do not matter")


def draw_object(sample: Sample, rng: np.random.Generator) -> Int[np.ndarray, "4"]:
    """The tight box of a random object, or the whole image where there is none."""
    if len(sample.masks) == 0:
        h, w = sample.image.shape[:2]
        return np.array([0, 0, w, h])
    return tight_boxes(sample.masks[[rng.integers(len(sample.masks))]])[0]


def scale_all(sample: Sample, zoom: float, stride: int) -> View:
    """The whole sample, enlarged by `zoom`, padded to a multiple of the stride."""
    height, width = (max(1, round(zoom * side)) for side in sample.image.shape[:2])
    padded = (-(-height // stride) * stride, -(-width // stride) * stride)
    return resize(sample, (height, width), padded)._replace(zoom=zoom)


def cut(
    sample: Sample, zoom: float, box: Int[np.ndarray, "4"], side: int,
    rng: np.random.Generator, jitter: float = 0.2,
) -> View:
    """A square of `side` pixels of the enlarged sample, somewhere round an object."""
    reach = max(1, round(side / zoom))                       # in pixels of the sample
    middle = (box[1] + box[3]) / 2, (box[0] + box[2]) / 2
    # It begins so that the object's middle lies inside, mostly.
    starts = (int(np.clip(at - rng.uniform(0.5 - jitter, 0.5 + jitter) * reach, 0,
                          max(0, length - reach)))
              for at, length in zip(middle, sample.image.shape[:2], strict=True))
    inside = tuple(slice(start, start + reach) for start in starts)
    masks = sample.masks[:, *inside]
    seen = masks.any((1, 2))
    piece = sample._replace(
        image=sample.image[inside], crowd=sample.crowd[inside], masks=masks[seen],
        categories=tuple(c for c, s in zip(sample.categories, seen, strict=True) if s))
    size = tuple(min(side, max(1, round(n * side / reach)))
                 for n in piece.image.shape[:2])
    return resize(piece, size, (side, side))._replace(zoom=zoom)


def resize(sample: Sample, size: tuple[int, int], padded: tuple[int, int]) -> View:
    """Scale image, masks and crowd to `size`, then pad below and to the right."""
    layers = [sample.masks, sample.crowd[None]][: 1 + bool(sample.crowd.any())]
    stack = np.concatenate([sample.image.transpose(2, 0, 1), *layers], dtype=np.float32)
    stack[:3] /= 255                                              # (3+N+1, h, w)
    scaled = F.interpolate(torch.from_numpy(stack)[None], size, mode="bilinear",
                           antialias=True, align_corners=False)[0]
    whole = scaled.new_zeros(4 + len(sample.masks), *padded)
    whole[:3] = torch.tensor(IMAGENET_MEAN).view(3, 1, 1)
    whole[: len(scaled), : size[0], : size[1]] = scaled
    return View(whole[:3], whole[3:-1], whole[-1], size, sample.categories)


def mirror(view: View) -> View:
    """Left becomes right, the padding stays where it is."""
    width = view.size[1]

    def flip(x: Tensor) -> Tensor:
        return torch.cat([x[..., :width].flip(-1), x[..., width:]], -1)

    return view._replace(image=flip(view.image), masks=flip(view.masks),
                         crowd=flip(view.crowd), mirrored=not view.mirrored)


def turn(view: View, quarters: int) -> View:
    """The same view, turned to the left by so many quarter turns."""
    image, masks, crowd = (x.rot90(quarters, (-2, -1)) for x in view[:3])
    size = view.size[::-1] if quarters % 2 else view.size
    return view._replace(image=image, masks=masks, crowd=crowd, size=size)


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
