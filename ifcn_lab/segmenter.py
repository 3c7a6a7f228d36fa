"""What a model is, and what it finds.

Every relative in `ifcn_lab.models` is a `Segmenter`: it says how it sees a sample, what
it is taught on that view, what it loses and what it finds. The trainer, the measures
and the commands know nothing else of it.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ifcn_lab.data import Sample, shipped
from ifcn_lab.data.run_lengths import crop_rles
from ifcn_lab.views import IMAGENET_MEAN, View, draw_view
from ifcn_lab.weights_file import misfits, read_weights, write_weights

if TYPE_CHECKING:
    from ifcn_lab.training.recipe import Recipe

NORMALISATIONS = {
    "imagenet": (IMAGENET_MEAN, (0.229, 0.224, 0.225)),
    "caffe": ((0.48235, 0.45882, 0.40784), (1 / 255,) * 3),
}
"""Mean and divisor of an image in [0, 1]. Caffe's is 0 to 255 less (123, 117, 104)."""


Terms = dict[str, tuple[Float[Tensor, ""], float]]
"""Each term of a loss by its name: its sum, and over how many that sum goes."""


@dataclass(frozen=True)
class Instances:
    """Objects found in one image, best first.

    Args:
        shape: (h, w) of the image.
        boxes: (N, 4) tight boxes (x0, y0, x1, y1), half-open, in image pixels.
        scores: (N,) probabilities.
        crops: N masks, each cut to its box.
        categories: (N,) category ids; None where no kinds are told apart.
        names: of the categories, by id.
        windows: (N, 3) the window each came from, (index of the zoom, y, x); None for
            models without windows.
        zooms: the enlargements that `windows` counts.

    A thousand whole masks of a large photograph need gigabytes, so `masks` is
    built when asked for.
    """

    shape: tuple[int, int]
    boxes: Int[np.ndarray, "N 4"]
    scores: Float[np.ndarray, " N"]
    crops: tuple[Bool[np.ndarray, "_ _"], ...]
    categories: Int[np.ndarray, " N"] | None = None
    names: Mapping[int, str] | None = None
    windows: Int[np.ndarray, "N 3"] | None = None
    zooms: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def masks(self) -> Bool[np.ndarray, "N h w"]:
        """All masks at image size."""
        masks = np.zeros((len(self), *self.shape), bool)
        for mask, box, crop in zip(masks, self.boxes, self.crops, strict=True):
            paste(mask, box, crop)
        return masks

    def take(self, index: Int[np.ndarray, " n"]) -> Instances:
        """Some of them, in this order."""
        some = {name: column[index] for name in ("categories", "windows")
                if (column := getattr(self, name)) is not None}
        return replace(self, boxes=self.boxes[index], scores=self.scores[index],
                       crops=tuple(self.crops[i] for i in index), **some)

    def top(self, n: int) -> Instances:
        """The n best."""
        return self.take(np.arange(min(n, len(self))))

    def above(self, score: float) -> Instances:
        """Those with at least this score."""
        return self.top(int((self.scores >= score).sum()))

    def rles(self) -> list[dict]:
        """The masks in COCO's compressed run-length code."""
        return crop_rles(self.crops, self.boxes, self.shape)


def paste(canvas: np.ndarray, box: Int[np.ndarray, "4"],
          crop: Bool[np.ndarray, "_ _"]) -> None:
    """Write a crop into its box of the canvas."""
    x0, y0, x1, y1 = box
    canvas[y0:y1, x0:x1] = crop


class Segmenter(nn.Module):
    """A model that finds objects: what trainer, measures and commands ask of it.

    A subclass has `targets`, `forward`, `losses`, `detect` and `config`; the others
    have defaults. It calls `normalise_as` in its constructor if it uses `normalised`.
    """

    classes: Mapping[int, str] | None = None
    """Names by category id; None: it does not tell kinds apart."""

    stride: int = 1
    """Image pixels per place of its feature map; whole views are padded to it."""

    recipe_changes: Mapping[str, Any] = {"lr": 1e-3, "term_weights": {}}
    """How it changes the small recipes, which were made for window models: heads
    without normalisation learn nothing at their rate of 3e-3.
    """

    finds = "Masks"
    """What it says of an object besides scores and categories."""

    pretrained = ""
    """The shipped weights that `from_pretrained` takes; "": "scenes-" and its file."""

    told: tuple[str, ...] = ()
    """What of the truth `detect` is handed as `truth=`, to see what finding it costs.
    """

    scored = True
    """Whether its scores say how good an answer is; else they only order answers."""

    def view(self, sample: Sample, recipe: Recipe, rng: np.random.Generator) -> View:
        """How it wants to see a sample: scaled, cut, mirrored and relit by the recipe.

        Raises:
            ValueError: masks, crowd and image differ in size.
        """
        return draw_view(sample, recipe, rng, stride=self.stride, zoom_to=self.zoom_to)

    def zoom_to(self, box: Int[np.ndarray, "4"], rng: np.random.Generator) -> float:
        """How much to enlarge an image for the object in this box, if no scale is set.
        """
        return 1.0

    def expect(self, low: float, high: float) -> None:
        """Be told that the data's objects are so many pixels long, for its anchors."""

    def targets(self, view: View, rng: np.random.Generator) -> tuple[Tensor, ...]:
        """What it is taught on that view: a tuple of tensors, made while loading."""
        raise NotImplementedError

    def losses(
        self, out: tuple[Tensor, ...], targets: Sequence[tuple[Tensor, ...]]
    ) -> Terms:
        """Each term of the loss as its sum, and over how many that sum goes."""
        raise NotImplementedError

    def counts(self, targets: Sequence[tuple[Tensor, ...]]) -> dict[str, float] | None:
        """The counts of `losses`, where targets alone say them; None where they do not.

        A step of several batches then holds one batch's graph at a time.
        """
        return None

    def detect(
        self, images: Sequence[np.ndarray], *, top: int = 100
    ) -> list[Instances]:
        """The best objects of each image, of any size."""
        raise NotImplementedError

    def for_loading(self) -> Segmenter:
        """What a loading process needs to make views and targets: no weights."""
        twin = copy.copy(self)
        twin.__dict__ |= {"_parameters": {}, "_buffers": {}, "_modules": {}}
        return twin

    @property
    def config(self) -> dict[str, Any]:
        """The arguments that build this model again, plain enough for JSON."""
        return {}

    @property
    def device(self) -> torch.device:
        """Where its weights lie."""
        return next(self.parameters()).device

    def normalise_as(self, normalisation: str) -> None:
        """Choose what is done to an image before the first convolution.

        Raises:
            ValueError: there is no such normalisation.
        """
        if normalisation not in NORMALISATIONS:
            raise ValueError(f"normalisation is one of {', '.join(NORMALISATIONS)}; "
                             f"got {normalisation!r}")
        self.normalisation = normalisation
        device = next(self.parameters()).device
        for name, values in zip(("mean", "std"), NORMALISATIONS[normalisation],
                                strict=True):
            buffer = torch.tensor(values, device=device).view(1, 3, 1, 1)
            self.register_buffer(name, buffer, persistent=False)

    def normalised(self, images: Float[Tensor, "B 3 h w"]) -> Float[Tensor, "B 3 H W"]:
        """Images in [0, 1] as the backbone takes them, padded to whole places."""
        x = (images - self.mean).div_(self.std)                     # (B, 3, h, w)
        x = pad_to_multiple(x, self.stride)
        return x.contiguous(memory_format=torch.channels_last)

    def save(self, path: str | Path) -> Path:
        """Write class, configuration and weights to one safetensors file."""
        config = {"class": type(self).__name__, **self.config}
        return write_weights(Path(path), config, self.state_dict())

    @classmethod
    def load(cls, path: str | Path) -> Segmenter:
        """The model of this class saved at `path`, ready to detect.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is damaged, holds a model of another class, or its
                weights do not fit the configuration it names.
        """
        config, tensors = read_weights(Path(path))
        name = config.pop("class")
        if name != cls.__name__:
            raise ValueError(f"{path} holds a {name}, not a {cls.__name__}; "
                             "ifcn_lab.load gives whichever it is")
        return cls.built(config, tensors, path)

    @classmethod
    def from_pretrained(cls, name: str = "") -> Segmenter:
        """A model of this class whose weights ship with the package.

        Args:
            name: of the weights; "": the class's own. `ifcn-lab models` lists all.

        Raises:
            FileNotFoundError: none of that name ship.
            ValueError: they belong to another class.
        """
        return cls.load(shipped.path(cls.weights_file(name)))

    @classmethod
    def weights_file(cls, name: str = "") -> str:
        """Where weights of that name lie among what ships; the class's own for ""."""
        own = cls.pretrained or f"scenes-{cls.__module__.rpartition('.')[2]}"
        return f"weights/{name or own}.safetensors"

    @classmethod
    def built(
        cls, config: dict[str, Any], tensors: dict[str, Tensor], path: str | Path
    ) -> Segmenter:
        """A model of this class with these weights.

        Raises:
            ValueError: they do not fit the configuration, or hold NaN or infinity.
        """
        try:
            model = cls(**config)
            if wrong := "; ".join(islice(misfits(model.state_dict(), tensors), 6)):
                raise ValueError(wrong)
            model.load_state_dict(tensors)
        except Exception as error:  # a file may name any configuration
            reason = (str(error).splitlines() or [type(error).__name__])[-1].strip()
            raise ValueError(f"{path} does not hold the weights of a {cls.__name__} "
                             f"with {str(config)[:300]} ({reason})") from error
        return model.eval().to(memory_format=torch.channels_last)


def numbered(categories: Sequence[int], classes: Mapping[int, str]) -> list[int]:
    """The place, from 1, of each category among the model's.

    Raises:
        ValueError: one is unknown.

    Example:
        >>> numbered([7, 1], {1: "disc", 7: "star"})
        [2, 1]
    """
    if unknown := set(categories) - set(classes):
        raise ValueError(f"an object has category {min(unknown)}, but the model knows "
                         f"{sorted(classes)}; build it with the data set's categories")
    places = {category: n for n, category in enumerate(classes, 1)}
    return [places[category] for category in categories]


def as_classes(categories: Mapping[Any, str]) -> dict[int, str]:
    """Names by whole category ids, in order; JSON gives ids back as text.

    Raises:
        ValueError: there is none.

    Example:
        >>> as_classes({"7": "star", "1": "disc"})
        {1: 'disc', 7: 'star'}
    """
    if not categories:
        raise ValueError("no category to tell apart; give names by id, {1: 'disc'}")
    return {int(i): str(categories[i]) for i in sorted(categories, key=int)}


def pad_to_multiple(
    images: Float[Tensor, "B C h w"], stride: int
) -> Float[Tensor, "B C H W"]:
    """Zeros below and to the right until both sides are multiples of `stride`.

    Example:
        >>> pad_to_multiple(torch.ones(1, 3, 5, 8), 4).shape
        torch.Size([1, 3, 8, 8])
    """
    bottom, right = -images.shape[-2] % stride, -images.shape[-1] % stride
    return nn.functional.pad(images, (0, right, 0, bottom))


def to_tensor(image: np.ndarray) -> Float[Tensor, "3 h w"]:
    """An image as a model takes it.

    Raises:
        ValueError: not (h, w), (h, w, 3) or (h, w, 4), empty, or not in [0, 1].
        TypeError: neither uint8 nor floating point.

    Example:
        >>> to_tensor(np.full((4, 5), 255, np.uint8)).shape
        torch.Size([3, 4, 5])
    """
    image = np.asarray(image)
    if image.ndim == 2:
        image = np.repeat(image[:, :, None], 3, axis=2)
    if image.ndim != 3 or image.shape[2] not in (3, 4) or 0 in image.shape:
        raise ValueError(f"an image is (h, w), (h, w, 3) or (h, w, 4), with at least "
                         f"one pixel; got shape {image.shape}")
    if image.dtype == np.uint8:
        image = image.astype(np.float32) / 255
    elif not np.issubdtype(image.dtype, np.floating):
        raise TypeError(f"an image is uint8, or float in [0, 1]; got {image.dtype}")
    elif not (image.min() >= 0 and image.max() <= 1):
        raise ValueError(f"a float image lies in [0, 1]; this one spans "
                         f"[{image.min()}, {image.max()}]: divide by its largest value")
    return torch.tensor(image[:, :, :3], dtype=torch.float32).permute(2, 0, 1)
