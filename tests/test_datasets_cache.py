"""Scenes as a data set, and samples that are read from disk only once."""

from __future__ import annotations

import pickle
import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest

from ifcn_lab import scenes
from ifcn_lab.data import Sample
from ifcn_lab.data.sample_cache import SampleCache
from ifcn_lab.data.scenes import SceneSet

SMALL = {"size": (64, 64), "sizes": (14, 34)}


class Counting(Sequence):
    """Says how often a sample was read."""

    def __init__(self) -> None:
        self.reads = 0

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Sample:
        self.reads += 1
        empty = np.zeros((10, 10), bool)
        image = np.zeros((10, 10, 3), np.uint8)
        return Sample(image, empty[None], empty, (1,), (1,), str(index), index)


def test_a_kept_sample_is_read_once() -> None:
    source = Counting()
    kept = SampleCache(source)
    before = source.reads                      # a type check may have looked at one
    for _ in range(3):
        assert [kept[i].name for i in range(3)] == ["0", "1", "2"]
    assert source.reads - before == 3
    assert len(kept) == 3


def test_what_does_not_fit_into_memory_is_read_every_time() -> None:
    source = Counting()
    kept = SampleCache(source, gigabytes=600e-9)      # one sample of 500 bytes
    before = source.reads
    for _ in range(2):
        assert [kept[i].name for i in range(3)] == ["0", "1", "2"]
    assert source.reads - before == 1 + 2 * 2


class Cut(Sequence):
    """Gives samples whose arrays are small parts of large ones."""

    categories = {1: "object"}

    def __len__(self) -> int:
        return 50

    def __getitem__(self, index: int) -> Sample:
        large = np.zeros((1000, 1000, 3), np.uint8)
        masks = np.zeros((2, 1000, 1000), bool)
        return Sample(large[:100, :100], masks[:, :100, :100], masks[0, :100, :100],
                      (1, 2), (1, 1), str(index), index)


def test_no_more_is_held_than_was_said() -> None:
    kept = SampleCache(Cut(), gigabytes=1e-3)
    tracemalloc.start()
    for index in [*range(50), *range(-50, 0)]:
        kept[index]
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert 0.9e6 < held < 1.1e6                # a sample has 60 kB, its base 5 MB
    assert kept.categories == {1: "object"}


def test_the_first_and_the_last_are_one_sample_by_either_number() -> None:
    source = Counting()
    kept = SampleCache(source)
    assert kept[-1] is kept[2] and kept[-3] is kept[0]
    for index in (3, -4):
        with pytest.raises(IndexError, match=f"sample {index} of a data set of 3"):
            kept[index]


def test_what_is_kept_does_not_go_to_a_worker() -> None:
    kept = SampleCache(SceneSet(3, **SMALL), gigabytes=1)
    empty = len(pickle.dumps(kept))
    first = kept[0]
    assert len(pickle.dumps(kept)) == empty < 1000
    again = pickle.loads(pickle.dumps(kept))
    assert np.array_equal(again[0].masks, first.masks) and len(again) == 3


def test_a_set_of_scenes_holds_the_scenes_of_its_seeds() -> None:
    some = SceneSet(3, start=50, **SMALL)
    for index, sample in enumerate(some):
        scene = scenes.make(50 + index, **SMALL)
        assert np.array_equal(sample.image, scene.image)
        assert np.array_equal(sample.masks, scene.masks)
        assert (sample.name, sample.image_id) == (f"scene {50 + index}", 50 + index)
    assert some[-1].name == "scene 52" and some[1] is some[1]


@pytest.mark.parametrize("index", [3, -4, 10**6])
def test_a_scene_beyond_the_set_is_an_index_error(index: int) -> None:
    with pytest.raises(IndexError, match=f"scene {index} of a set of 3"):
        SceneSet(3, **SMALL)[index]
