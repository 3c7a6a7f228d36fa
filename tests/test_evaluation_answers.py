"""Answers chosen from proposals share no pixel; the nuclei score counts them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from evaluation_cases import SIZE, answer, empty_answer, image, random_masks
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from slow_evaluation import answers_by_pixels

from ifcn_lab.data.overlap import encode
from ifcn_lab.metrics import NucleiScore, answers_of, nuclei_ap

SHARES = st.sampled_from([0.0, 0.25, 0.5, 0.7, 1.0])


@given(st.data(), SHARES, SHARES)
def test_answers_are_those_of_the_definition(
    data: Any, score: float, free: float
) -> None:
    masks = data.draw(arrays(bool, st.tuples(st.integers(0, 5), st.just(3),
                                             st.just(4))))
    scores = data.draw(arrays(float, len(masks), elements=SHARES))
    compare(answer(masks, scores), score, free)


@pytest.mark.parametrize("seed", range(4))
def test_answers_to_an_image_are_those_of_the_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    given_ = answer(random_masks(rng, 25), rng.random(25).round(1))
    chosen = compare(given_, score=0.3, free=0.5)
    assert 2 < len(chosen) < 20


def compare(proposals: Any, score: float, free: float) -> Any:
    chosen = answers_of(proposals, score, free)
    slow = answers_by_pixels(proposals, score, free)
    assert chosen.places.tolist() == [place for place, _ in slow]
    assert chosen.scores.tolist() == [proposals.scores[place] for place, _ in slow]
    for mask, (_, pixels) in zip(chosen.masks, slow, strict=True):
        assert {(y, x) for y, x in np.argwhere(mask).tolist()} == pixels
    assert (chosen.masks.sum(axis=0) <= 1).all()
    assert chosen.rles() == encode(chosen.masks)
    assert ((chosen.labels > 0) == chosen.masks.any(axis=0)).all()
    return chosen


def test_two_outlines_of_one_object_become_one_answer() -> None:
    mask = np.zeros(SIZE, bool)
    mask[5:15, 5:15] = True
    other, neighbour = np.roll(mask, 2, axis=1), np.roll(mask, 9, axis=1)
    three = answer([mask, other, neighbour], np.array([0.98, 0.99, 0.95]))
    chosen = answers_of(three)
    assert chosen.places.tolist() == [1, 2]
    assert (chosen.masks[0] == other).all()
    assert (chosen.masks[1] == (neighbour & ~other)).all()
    assert answers_of(three, score=0.97).places.tolist() == [1]
    assert answers_of(three, free=0.0).places.tolist() == [1, 0, 2]


def test_what_makes_no_sense_is_refused() -> None:
    sample = image(np.random.default_rng(0), 2)
    two = answer(sample.masks, np.ones(2))
    with pytest.raises(ValueError, match="share from 0 to 1, not 1.5"):
        answers_of(two, free=1.5)
    with pytest.raises(ValueError, match="score is NaN"):
        answers_of(two, score=float("nan"))
    with pytest.raises(ValueError, match="2 of 2 scores are NaN"):
        answers_of(answer(sample.masks, np.full(2, np.nan)))


def test_pooled_and_mean_over_images_are_told_apart() -> None:
    rng = np.random.default_rng(1)
    many, one, bare = image(rng, 0), image(rng, 0), image(rng, 0)
    masks = np.zeros((5, *SIZE), bool)
    for i, mask in enumerate(masks):
        mask[:, 10 * i : 10 * i + 8] = True
    many = many._replace(masks=masks[:4], ids=(1, 2, 3, 4), categories=(1,) * 4)
    one = one._replace(masks=masks[:1], ids=(1,), categories=(1,))
    score = NucleiScore()
    score.add(answer(masks[:3], np.ones(3)), many)     # 3 right, 1 missed: 3 / 4
    score.add(answer(masks[:2], np.ones(2)), one)      # 1 right, 1 wrong: 1 / 2
    score.add(empty_answer(bare), bare)                # nothing to say
    report = score.result()
    assert set(report.pooled.values()) == {4 / 6}
    assert set(report.by_image.values()) == {(3 / 4 + 1 / 2) / 2}
    assert (report.answers, report.images) == (5, 3)
    named = report.as_dict()
    assert named["pooled over images"]["AP@0.5"] == 4 / 6
    assert named["mean over images"]["mean .5:.1:.9"] == pytest.approx(5 / 8)
    pooled, mean = str(report).splitlines()
    assert pooled.startswith("pooled over images  AP@0.5 0.667  AP@0.55 0.667")
    assert mean.endswith("mean .5:.05:.9 0.625  mean .5:.1:.9 0.625")


def test_means_over_iou_are_of_the_listed_ones() -> None:
    mask = np.zeros((1, *SIZE), bool)
    mask[0, :10, :10] = True
    part = mask.copy()
    part[0, :3] = False  # IoU .7: right at .5, .55, .6, .65, .7
    sample = image(np.random.default_rng(2), 0)
    sample = sample._replace(masks=mask, ids=(1,), categories=(1,))
    score = NucleiScore()
    score.add(answer(part, np.ones(1)), sample)
    figures = score.result().as_dict()["pooled over images"]
    assert [k for k, v in figures.items() if v == 1] == [
        "AP@0.5", "AP@0.55", "AP@0.6", "AP@0.65", "AP@0.7"]
    assert figures["mean .5:.05:.9"] == pytest.approx(5 / 9)
    assert figures["mean .5:.1:.9"] == pytest.approx(3 / 5)


def test_of_nothing_the_score_is_unknown() -> None:
    bare = image(np.random.default_rng(3), 0)
    score = NucleiScore()
    score.add(empty_answer(bare), bare)
    assert set(score.result().as_dict()["mean over images"].values()) == {None}
    assert "AP@0.9 unknown" in str(score.result())
    assert str(NucleiScore().result()).count("unknown") == 22
    assert np.isnan(nuclei_ap([], [])[0.5])
