"""The families that scenes say they hold are the shapes that they show."""

from __future__ import annotations

import numpy as np
import pytest

from ifcn_lab import scenes
from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.data.scenes import SceneSet

LESSON = ("disc", "ellipse", "rectangle", "blob", "pebble")


@pytest.mark.parametrize("style", ["lesson", "wild", "plain"])
def test_every_object_has_a_family_that_the_style_draws_from(style: str) -> None:
    for seed in range(12):
        families = scenes.families_of(seed, style=style)
        assert len(families) == len(scenes.make(seed, style=style).masks)
        assert set(families) <= set(scenes.families_in(style))


def test_a_scene_of_one_family_is_of_that_family() -> None:
    assert set(scenes.families_of(3, families=("star",))) == {"star"}


def test_the_discs_are_the_round_ones() -> None:
    """A disc that is whole fills pi/4 of its box and is as wide as it is high."""
    found = 0
    for seed in range(40):
        wishes = {"families": ("disc", "bar"), "objects": (1, 1), "touching": 0}
        mask = scenes.make(seed, **wishes).masks[0]
        x0, y0, x1, y1 = tight_boxes(mask[None])[0]
        if min(x0, y0) == 0 or max(x1, y1) == 128:
            continue
        round_ = abs((x1 - x0) - (y1 - y0)) <= 1
        full = abs(mask.sum() / ((x1 - x0) * (y1 - y0)) - np.pi / 4) < 0.03
        assert (scenes.families_of(seed, **wishes) == ("disc",)) == (round_ and full)
        found += 1
    assert found > 20


def test_a_set_by_shape_numbers_the_families_and_is_else_the_same() -> None:
    plain, shaped = SceneSet(6, start=50), SceneSet(6, start=50, by_shape=True)
    assert plain.categories == {1: "object"}
    assert tuple(shaped.categories.values()) == LESSON
    for a, b in zip(plain, shaped, strict=True):
        assert np.array_equal(a.image, b.image) and np.array_equal(a.masks, b.masks)
        assert set(a.categories) == {1}
        names = tuple(shaped.categories[number] for number in b.categories)
        assert names == scenes.families_of(b.image_id)


def test_the_categories_are_the_families_that_were_asked_for() -> None:
    some = SceneSet(1, by_shape=True, families=("star", "disc"))
    assert some.categories == {1: "disc", 7: "star"}
    assert len(SceneSet(1, by_shape=True, style="wild").categories) == 9
