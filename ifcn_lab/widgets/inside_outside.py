"""InsideOutside: one pair of maps says which pixels, and what, bin by bin."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from jaxtyping import Float, Shaped

from ifcn_lab.draw.palette import part_colours
from ifcn_lab.grid import Grid, whole_number
from ifcn_lab.widgets.explorable import Explorable, png_bytes
from ifcn_lab.widgets.greys import digits
from ifcn_lab.widgets.inputs import (
    checked_image,
    checked_stride,
    failures_told,
    image_array,
    needed_image,
)
from ifcn_lab.widgets.number_words import fixed

if TYPE_CHECKING:
    from ifcn_lab.models.fcis import FCIS

MOST = 50
"""Bins per side at most: more are no bins of these maps, and cannot be seen."""


class InsideOutside(Explorable):
    """A region of the picture, and what FCIS's pairs of maps make of it.

    Drag the region. Each of its bins reads two numbers for the chosen category, inside
    and outside: their softmax draws the mask, their maximum names the region. Point at
    a bin to see its pair. Arrow keys do the same; Shift makes steps of five.

    Args:
        model: an FCIS.
        image: (h, w, 3) uint8, what it is shown.
        region: (y, x, high, wide) in places, the centre and the sides; None: where
            the model is surest of an object.

    `y`, `x`, `high`, `wide`, `kind` (the category, 0: background) and `i`, `j` (the
    bin pointed at, -1: none) are traits: Python sees them change and can set them.

    >>> inside, outside = [[2.0, 0], [1, -1]], [[0.0, 2], [-1, -2]]
    >>> nothing = [[[-1.0, -1]] * 2, [[0.0, 0]] * 2]
    >>> pairs = np.array([nothing, [inside, outside]])[:, :, None]
    >>> shown = InsideOutside.from_maps(pairs, bins=2)
    >>> shown
    InsideOutside(y=1, x=1, high=2, wide=2, kind=1)
    >>> print(shown.describe())
    Region of 2 x 2 places at row 0, column 0, read as object: 3 of 4 bins have more \
inside than outside. The maxima have a mean of 1.00. Scores: background 0.27, object \
0.73.
    81
    87
    """

    module = "inside_outside.js"
    shown = ("y", "x", "high", "wide", "kind")
    hint = traitlets.Unicode(
        "Point at a bin of the region: two numbers make its mask and its vote. Then "
        "drag the region, and read it as another category.").tag(sync=True)
    k, bins, H, W, high, wide = (traitlets.Int(1).tag(sync=True) for _ in range(6))
    y, x, kind = (traitlets.Int(0).tag(sync=True) for _ in range(3))
    i, j = (traitlets.Int(-1).tag(sync=True) for _ in range(2))
    names, colours, found = (traitlets.List().tag(sync=True) for _ in range(3))
    pairs, image = (traitlets.Bytes(b"").tag(sync=True) for _ in range(2))
    image_size = traitlets.List([0, 0]).tag(sync=True)

    _place = traitlets.validate("y", "x", "high", "wide", "kind", "i", "j")(
        Explorable.held)

    def __init__(
        self, model: FCIS, image: Any, *,
        region: tuple[int, int, int, int] | None = None,
    ) -> None:
        try:
            pairs, found = of_network(model, image)
        except (TypeError, ValueError) as error:
            super().__init__(problem=f"{error}")
        else:
            names = model.classes.values() if model.classes else ["object"]
            super().__init__(**pair_traits(pairs, model.bins, image, [*names], region,
                                           found))

    @classmethod
    def from_maps(
        cls, pairs: Any, bins: int, image: Any = None, *,
        names: Sequence[str] | None = None,
        region: tuple[int, int, int, int] | None = None,
    ) -> InsideOutside:
        """The widget for pairs of maps at hand.

        Args:
            pairs: (C + 1, 2, k*k, H, W) numbers: of each category, the background
                first, the inside and the outside map of each part.
            bins: per side of a region.
            image: (h, w, 3) or (h, w) uint8, the picture the maps belong to.
            names: of the C categories.
            region: (y, x, high, wide) in places; None: all the maps show.

        Maps or a picture that cannot be shown give a widget that says why.
        """
        return cls._of(pair_traits(pairs, bins, image, names, region))

    def reach(self) -> dict[str, tuple[int, int]]:
        """The region's centre and sides keep to the map, a bin to the region."""
        one = (-1, self.bins - 1)
        return {"y": (0, self.H - 1), "x": (0, self.W - 1), "high": (1, self.H),
                "wide": (1, self.W), "kind": (0, len(self.names) - 1), "i": one,
                "j": one}

    def region(self) -> tuple[int, int, int, int]:
        """First row and column of the region, and those past its last, on the map."""
        top, left = self.y - self.high // 2, self.x - self.wide // 2
        return (max(0, top), max(0, left), min(self.H, top + self.high),
                min(self.W, left + self.wide))

    def read(self) -> Float[np.ndarray, "C1 2 P P"]:
        """Inside and outside of every category over the region's bins."""
        import torch

        from ifcn_lab.layers.roi import ps_roi_pool

        maps = np.frombuffer(self.pairs, np.float32).reshape(-1, self.H, self.W)
        y0, x0, y1, x1 = self.region()
        box = torch.tensor([[x0, y0, x1, y1]], dtype=torch.float32)
        pooled = ps_roi_pool(torch.from_numpy(maps.copy()), box, self.k, bins=self.bins)
        return pooled.unflatten(1, (-1, 2))[0].numpy()

    def words(self) -> str:
        """Where the region lies, what its mask and its scores are, and one bin."""
        y0, x0, y1, x1 = self.region()
        pairs = self.read()
        inside, outside = pairs[self.kind]
        vote = pairs.max(1).mean((1, 2), dtype=float)
        score = np.exp(vote - vote.max())
        said = ", ".join(f"{name} {fixed(one, 2)}" for name, one in
                         zip(self.names, score / score.sum(), strict=True))
        text = (f"Region of {y1 - y0} x {x1 - x0} places at row {y0}, column {x0}, "
                f"read as {self.names[self.kind]}: {(inside > outside).sum()} of "
                f"{self.bins ** 2} bins have more inside than outside. The maxima have "
                f"a mean of {fixed(vote[self.kind], 2)}. Scores: {said}.")
        known = self.i >= 0 and self.j >= 0
        return f"{text} {self._bin_words(inside, outside)}" if known else text

    def _bin_words(
        self, inside: Float[np.ndarray, "P P"], outside: Float[np.ndarray, "P P"]
    ) -> str:
        at = self.i, self.j
        one, other = float(inside[at]), float(outside[at])
        return (f"Bin {at} reads part {Grid(self.k, self.bins).channel[at]}: inside "
                f"{fixed(one, 2)}, outside {fixed(other, 2)}, so the softmax is "
                f"{fixed(sigmoid(one - other), 2)} and the maximum "
                f"{fixed(max(one, other), 2)}.")

    def grid(self) -> str:
        """The mask of the chosen category as digits, 0 dark to 9 light."""
        inside, outside = self.read()[self.kind]
        grey = np.floor(255 * sigmoid(inside - outside) + 0.5).astype(np.uint8)
        return digits(grey[None])


def sigmoid(score: Any) -> Any:
    """A probability for a score; a softmax over a pair is that of its difference.

    >>> round(sigmoid(1), 6)
    0.731059
    """
    shares = 1 / (1 + np.exp(-np.asarray(score, float)))
    return shares if shares.shape else float(shares)


def of_network(
    model: FCIS, image: Any
) -> tuple[Float[np.ndarray, "C1 2 kk H W"], list[list[int]]]:
    """Pairs of maps of a picture, and the regions and categories that are found there.

    Raises:
        ValueError: there is no picture, or the network fails on it.
    """
    import torch

    from ifcn_lab.segmenter import to_tensor

    picture, was_training = needed_image(image), model.training
    try:
        with torch.no_grad(), failures_told():
            seen = model.eval()(to_tensor(picture)[None].to(model.device)).maps[0]
            found = model.detect([picture], top=9)[0]
    finally:
        model.train(was_training)
    parts = model.k ** 2
    pairs = image_array(seen[: -4 * parts].unflatten(0, (-1, 2, parts)))
    known = [*model.classes] if model.classes else []
    kinds = [known.index(each) + 1 for each in found.categories] if known \
        else [1] * len(found)
    return pairs, [[*in_places(box, model.stride), kind]
                   for box, kind in zip(found.boxes.tolist(), kinds, strict=True)]


def in_places(box: Sequence[int], stride: int) -> tuple[int, int, int, int]:
    """A box in pixels as centre and sides in places, the nearest that there are.

    >>> in_places((4, 8, 24, 20), 4)
    (3, 3, 3, 5)
    """
    x0, y0, x1, y1 = (int(side / stride + 0.5) for side in box)
    high, wide = max(1, y1 - y0), max(1, x1 - x0)
    return y0 + high // 2, x0 + wide // 2, high, wide


def pair_traits(
    pairs: Any, bins: int, image: Any, names: Sequence[str] | None,
    region: tuple[int, int, int, int] | None, found: Sequence[Sequence[int]] = (),
) -> dict[str, Any]:
    """The state for these maps, or the sentence that says what is wrong with them."""
    try:
        pairs, bins = checked_pairs(pairs), whole_number("bins", bins)
        (count, _, _, H, W), k = pairs.shape, isqrt(pairs.shape[2])
        if not k <= bins <= MOST:
            raise ValueError(f"bins is {bins}; give {k} to {MOST} per side.")
        names = checked_names(names, count - 1)
        picture = checked_image(image)
        if picture is not None:
            checked_stride(picture, H, W)
        *at, kind = [*region, 1] if region else found[0] if found else [
            H // 2, W // 2, H, W, 1]
        y, x, high, wide = (whole_number("region", each) for each in at)
        if not (0 <= y < H and 0 <= x < W and 1 <= high <= H and 1 <= wide <= W):
            raise ValueError(f"The region {(y, x, high, wide)} does not lie on the "
                             f"maps of {H} x {W} places.")
    except (TypeError, ValueError) as error:
        return {"problem": f"{error}"}
    shown = {} if picture is None else {
        "image": png_bytes(picture), "image_size": [*picture.shape[:2]]}
    return shown | {
        "names": names, "colours": part_colours(k), "found": [*map(list, found)],
        "pairs": pairs.astype(np.float32).tobytes(), "k": k, "bins": bins, "H": H,
        "W": W, "high": high, "wide": wide, "y": y, "x": x, "kind": kind}


def checked_pairs(pairs: Any) -> Shaped[np.ndarray, "C1 2 kk H W"]:
    """Pairs of maps that can be shown.

    Raises:
        ValueError: another shape, or NaN or infinity.

    >>> checked_pairs(np.zeros((3, 2, 4, 5, 6))).shape
    (3, 2, 4, 5, 6)
    """
    pairs = image_array(pairs)
    if pairs.ndim != 5 or 0 in pairs.shape or pairs.shape[1] != 2 or len(pairs) < 2:
        raise ValueError("Pairs of maps are (C + 1, 2, k*k, H, W), the background "
                         f"first; these have shape {pairs.shape}.")
    if isqrt(pairs.shape[2]) ** 2 != pairs.shape[2]:
        raise ValueError(f"A k x k grid needs k*k maps; these are {pairs.shape[2]}.")
    if not np.isfinite(pairs).all():
        raise ValueError("The maps hold NaN or infinity; did training diverge?")
    return pairs


def checked_names(names: Sequence[str] | None, count: int) -> list[str]:
    """The categories' names, the background first.

    Raises:
        ValueError: there are more or fewer of them.

    >>> checked_names(None, 1), checked_names(None, 2)[1:]
    (['background', 'object'], ['category 1', 'category 2'])
    """
    if names is None:
        names = ["object"] if count == 1 else [
            f"category {n}" for n in range(1, count + 1)]
    if len(names) != count:
        raise ValueError(f"There are {len(names)} names for {count} categories.")
    return ["background", *names]
