"""What a caller may ask of a scene, checked once and kept together."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral

from ifcn_lab.grid import whole_number

from .shapes import FAMILIES, Number

STYLES = ("lesson", "wild", "plain")

@dataclass(frozen=True)
class Settings:
    """The wishes behind a scene; see `ifcn_lab.scenes.make` for their meaning."""

    size: tuple[int, int] = (128, 128)
    objects: tuple[int, int] = (2, 8)
    sizes: tuple[Number, Number] = (28, 86)
    families: Sequence[str] | None = None
    touching: Number | None = None
    alike: Number | None = None
    one_kind: Number = 0.5
    style: str = "lesson"

    def __post_init__(self) -> None:
        for each in (*self.size, *self.objects):
            whole_number("a number of pixels or objects", each)
        _check_range("objects", self.objects, "1 <= fewest <= most")
        _check_range("sizes", self.sizes, "1 <= smallest <= largest, in pixels")
        _check_families(self.families)
        for name in ("touching", "alike", "one_kind"):
            if not 0 <= (getattr(self, name) or 0) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; give a share from "
                                 "0 to 1")
        if self.style not in STYLES:
            raise ValueError(f"no style {self.style!r}; there are {STYLES}")
        self._check_room()

    @property
    def share_touching(self) -> Number:
        """The share of objects meant to touch or partly hide one of their colour."""
        if self.touching is not None:
            return self.touching
        return 1.0 if self.style == "lesson" else 0.8

    @property
    def share_alike(self) -> Number:
        """The share of scenes whose objects are nearly of one size.

        Neighbours of one size fit the same window, so one score map would have to give
        their pixels two answers at once. In lesson scenes that is always so.
        """
        if self.alike is not None:
            return self.alike
        return 1.0 if self.style == "lesson" else 0.33

    @property
    def least_visible(self) -> Number:
        """The share of its pixels that every object keeps."""
        return 0.4 if self.style == "wild" else 0.75

    def _check_room(self) -> None:
        """Raise if the largest object, or the fewest objects, cannot fit."""
        h, w = self.size
        small, large = self.sizes
        if large > min(h, w):
            raise ValueError(
                f"an object of {large} px does not fit into an image of {h} x {w} px; "
                "give a larger size, or smaller objects with sizes=(smallest, largest)"
            )
        if self.objects[0] * small**2 > 1.5 * h * w:
            raise ValueError(
                f"{self.objects[0]} objects of at least {small} px have no room in "
                f"{h} x {w} px; give a larger size, fewer objects or smaller sizes"
            )


def check_seed(seed: Integral) -> int:
    """Return the seed as a plain int, or say what is wrong with it."""
    if whole_number("seed", seed) < 0:
        raise ValueError(f"seed is {seed}; give a whole number, 0 or larger")
    return int(seed)


def _check_range(name: str, pair: Sequence[Number], expected: str) -> None:
    if len(pair) != 2 or not 1 <= pair[0] <= pair[1]:
        raise ValueError(f"{name} is {tuple(pair)}; expected {expected}")


def _check_families(families: Sequence[str] | None) -> None:
    if families is None:
        return
    if isinstance(families, str) or not families or not {*families} <= {*FAMILIES}:
        raise ValueError(
            f"families is {families!r}; give a tuple of names out of {tuple(FAMILIES)}"
        )
