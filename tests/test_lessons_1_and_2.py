"""Figures, checks and widgets of the first two lessons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from ifcn_course import check
from ifcn_lab import draw, scenes
from ifcn_lab.data import film
from ifcn_lab.draw.equivariance import agreement
from ifcn_lab.widgets import MapGrid, ShiftExplorer
from ifcn_lab.windows.oracle import coverage, object_centers, oracle_maps, questions

IMAGE = np.random.default_rng(0).integers(0, 9, (24, 24))


def every_second(image: np.ndarray, stride: int = 2) -> np.ndarray:
    return image[::stride, ::stride]


def said(capsys: pytest.CaptureFixture[str], test: Callable, answer: object) -> str:
    test(answer)
    return capsys.readouterr().out


# --- figures of lesson 1 ---------------------------------------------------------


def test_a_layer_that_looks_at_one_pixel_agrees_everywhere() -> None:
    moved = IMAGE[3:, 2:]
    picture = draw.shift(IMAGE, 2 * IMAGE, moved, 2 * moved)
    assert "3 rows and 2 columns cut off" in picture.alt
    assert "equal at every place" in picture.alt


def test_what_the_border_spoils_is_counted_and_placed() -> None:
    after = IMAGE[2:].copy()
    after[0] += 1
    picture = draw.shift(IMAGE, IMAGE, IMAGE[2:], after)
    assert "differ at 24 of 528 places, all of them in the first row" in picture.alt


def test_differences_all_over_are_not_said_to_be_at_the_border() -> None:
    moved = IMAGE[1:]
    picture = draw.shift(IMAGE, every_second(IMAGE), moved, every_second(moved))
    count = (every_second(IMAGE) != every_second(moved)).sum()
    assert f"differ at {count} of 144 places." in picture.alt


def test_agreement_compares_the_last_rows_and_columns() -> None:
    assert agreement(IMAGE, IMAGE[5:, 7:]).all()
    assert not agreement(IMAGE, IMAGE[5:, 7:] + 1).any()


def test_the_table_of_strides_names_the_shifts_that_commute() -> None:
    table = np.array([[True, True, True], [False, True, False]])
    picture = draw.commuting(table, [1, 2], [1, 2, 3])
    assert "stride 1: shifts of 1, 2 and 3; stride 2: shifts of 2 px" in picture.alt


def test_pieces_are_counted_in_picture_and_words() -> None:
    pieces = np.zeros((8, 8), int)
    pieces[1:3, 1:3], pieces[5:7, 5:7] = 1, 2
    image = np.zeros((8, 8, 3), np.uint8)
    picture = draw.painted(image, (pieces > 0).astype(float), pieces)
    assert "2 connected pieces" in picture.alt and "12%" in picture.alt
    assert picture.figure.axes[2].get_title() == "objects found: 2"


def test_the_two_windows_disagree_about_the_pixel() -> None:
    pair = scenes.two_touching(diameter=54.5)
    picture = draw.two_answers(pair.image, pair.masks, (66, 70), side=84)
    assert "left window wants background and the right window wants obj" in picture.alt


def test_the_best_score_is_read_off_the_curve() -> None:
    guess = np.linspace(0.01, 0.99, 99)
    loss = -(3 * np.log(guess) + np.log(1 - guess)) / 4
    alt = draw.price([1, 1, 1, 0], guess, loss).alt
    assert "at a score of 0.75" in alt and f"{loss.min():.2f}" in alt


# --- figures of lesson 2 ---------------------------------------------------------


@pytest.fixture(scope="module")
def pair() -> scenes.Scene:
    return scenes.two_touching(diameter=54.5)


def test_one_pixel_plays_the_parts_that_the_figure_says(pair: scenes.Scene) -> None:
    centers = object_centers(pair.masks, 4, 21)
    picture = draw.same_place(pair.image, (16, 17), centers, 3, 21, 4)
    assert "part 5 in window 1 and part 3 in window 2" in picture.alt


def test_score_maps_say_how_much_of_each_is_bright() -> None:
    maps = np.zeros((4, 5, 5), bool)
    maps[2, :, 0] = True
    picture = draw.score_maps(maps, title="perfect")
    assert picture.alt.startswith("perfect: 4 score maps.")
    assert "map 1 0.0%, map 2 20.0%" in picture.alt
    colours = [axes.spines["left"].get_edgecolor() for axes in picture.figure.axes]
    assert len(set(colours)) == 4


def test_masks_of_windows_come_with_their_pixels_and_ious() -> None:
    row = np.zeros((2, 3, 3), bool)
    row[0, 0] = True
    picture = draw.window_masks([row], ["k = 1"], [np.array([0.5, 0.25])])
    assert "k = 1: 3 and 0 places, IoU 0.50 and 0.25" in picture.alt
    assert draw.window_masks([row], ["k = 1"]).alt.endswith("3 and 0 places.")


def test_what_nobody_asks_is_hatched_and_said(pair: scenes.Scene) -> None:
    asked, yes = questions(pair.masks, 3, 21, 4)
    picture = draw.asked(asked, yes)
    assert f"map 0 {(asked[0] > 0).mean():.0%}" in picture.alt
    shown = picture.figure.axes[0].images[-1].get_array()
    np.testing.assert_array_equal(np.ma.getmaskarray(shown) | np.isnan(shown.data),
                                  asked[0] == 0)


@pytest.mark.parametrize("run", ["plain", "shuffled"])
def test_the_strip_shows_contrast_growing_from_step_to_step(run: str) -> None:
    picture = draw.film_strip(film.load(), run, (0, 50, 400))
    words = picture.alt.split("on average, ")[1]
    contrasts = [float(part.split(" at step")[0].split()[-1])
                 for part in words.split(". At step")[0].replace("and", ",").split(",")]
    assert contrasts == sorted(contrasts) and contrasts[0] < 0.2 < 0.8 < contrasts[-1]
    assert len(picture.figure.axes) == 27


def test_the_shuffled_strip_names_the_cell_that_reads_a_channel() -> None:
    reel = film.load()
    axes = draw.film_strip(reel, "shuffled", (0,)).figure.axes
    assert axes[reel.order[0]].get_title() == f"{reel.order[0]}, part 0"


def test_both_losses_are_told() -> None:
    reel = film.load()
    start = reel.mask_loss[0, :20].mean()
    assert f"plain from {start:.2f} to" in draw.two_runs(reel).alt


def test_the_pulled_channels_are_named() -> None:
    gradient = np.zeros((9, 4, 4))
    gradient[0, 1, 1] = -0.5
    assert draw.pulls(gradient).alt == "The loss pulls at 1 of 9 channels: 0."
    assert draw.pulls(0 * gradient).alt.endswith("channels: none.")


@pytest.mark.parametrize("name", ["film_strip", "two_runs"])
def test_the_same_film_gives_the_same_picture(name: str, tmp_path: Path) -> None:
    extra = ("plain", (0, 400)) if name == "film_strip" else ()
    pictures = [getattr(draw, name)(film.load(), *extra) for _ in range(2)]
    assert pictures[0].png() == pictures[1].png()


# --- checks ----------------------------------------------------------------------


def commutes(layer: Callable, image: np.ndarray, shift: int, frame: int) -> bool:
    before, after = layer(image)[shift:], layer(image[shift:])
    inner = slice(frame, -frame)
    return np.array_equal(before[inner, inner], after[inner, inner])


def part(pixel: tuple, center: tuple, k: int, m: int) -> int:
    i, j = (p - c + m // 2 for p, c in zip(pixel, center, strict=True))
    return (i * k // m) * k + j * k // m


def halves(image: np.ndarray) -> list[np.ndarray]:
    return [image[a::2, b::2] for a in (0, 1) for b in (0, 1)]


def pair_of(inner: float, outer: float) -> np.ndarray:
    """Return a disc of one radius, and a ring that ends at the other."""
    far = np.hypot(*(np.mgrid[:32, :32] - 15.5))
    return np.stack([far < inner, (far > inner + 1) & (far < outer)])


def framed() -> np.ndarray:
    masks = np.zeros((2, 32, 32), int)
    masks[0, 6:26, 6:26], masks[0, 9:23, 9:23], masks[1, 12:20, 12:20] = 1, 0, 1
    return masks


def side_by_side() -> np.ndarray:
    masks = np.zeros((2, 32, 32), bool)
    masks[0, 10:20, 4:14], masks[1, 10:20, 14:24] = True, True
    return masks


RIGHT = [
    (check.spoiled, lambda sizes: sum((size - 1) // 2 for size in sizes), "1.1"),
    (check.commutes, commutes, "1.2"),
    (check.commuting_shifts,
     lambda strides, most: [s for s in range(1, most + 1) if s % np.prod(strides) == 0],
     "1.3"),
    (check.best_answer, lambda answers: sum(answers) / len(answers), "1.4"),
    (check.halve, lambda image: max(halves(image), key=np.sum), "1.5"),
    (check.halve, lambda image: min(halves(image), key=np.min), "1.5"),
    (check.halve, lambda image: max(halves(image), key=np.std), "1.5"),
    (check.halve, lambda image: image[image.sum(1).argmax() % 2 :: 2,
                                      image.sum(0).argmax() % 2 :: 2], "1.5"),
    (check.part, part, "2.1"),
    (check.oracle, lambda mask, parts, k: [mask * (parts == c) for c in range(k * k)],
     "2.2"),
    (check.restore, lambda maps, order: maps[np.argsort(order)], "2.3"),
    (check.fool, lambda: pair_of(4, 10), "2.4"),
    (check.fool, lambda: pair_of(5, 9).astype(float), "2.4"),
    (check.fool, framed, "2.4"),
]
WRONG = [
    (check.spoiled, len, "every layer spoils one row"),
    (check.spoiled, lambda sizes: sum(sizes) // 2, "the sides are added"),
    (check.halve, lambda image: image[::2, ::2], "Choose by what is in a half"),
    (check.halve, lambda image: max(halves(image), key=lambda half: half[0, 0]),
     "that number is not in it"),
    (check.halve, lambda image: np.sort(image)[::2, ::2], "none of the four halves"),
    (check.halve, lambda image: None, "Is there a `return`?"),
    (check.fool, side_by_side, "an IoU of 1.00 and 1.00"),
    (check.fool, lambda: pair_of(4, 10)[:, :30], "yours has shape (2, 30, 32)"),
    (check.fool, lambda: pair_of(3, 10) | [[[False]], [[True]]], "to both objects"),
    (check.fool, lambda: pair_of(2, 10), "Object 1 has 12 pixels; it needs 30."),
    (check.fool, lambda: side_by_side() & (np.arange(32) % 5 > 0), "is in 3 pieces"),
    (check.commutes, lambda *_: True, "adds the row number"),
    (check.commutes, lambda f, x, s, _: np.array_equal(f(x)[s:], f(x[s:])), "Cut"),
    (check.commutes, lambda f, x, s, n: commutes(f, x, s, 2), "frame = 1"),
    (check.commuting_shifts,
     lambda strides, most: list(range(strides[-1], most + 1, strides[-1])),
     "one step of the last layer"),
    (check.best_answer, lambda answers: 0.5, "always one half"),
    (check.part, lambda p, c, k, m: part((p[1], p[0]), (c[1], c[0]), k, m),
     "down the columns"),
    (check.part, lambda p, c, k, m: part(p, (c[0] + m // 2, c[1] + m // 2), k, m),
     "from the window's centre"),
    (check.oracle, lambda mask, parts, k: [parts == c for c in range(k * k)], "part c"),
    (check.restore, lambda maps, order: maps[order], "order[i]"),
]


@pytest.mark.parametrize(("test", "answer", "number"), RIGHT)
def test_a_check_accepts_a_right_answer(
    test: Callable, answer: Callable, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, test, answer).startswith(f"Exercise {number}: correct, ")


@pytest.mark.parametrize(("test", "answer", "hint"), WRONG)
def test_a_check_knows_a_wrong_answer_and_says_why(
    test: Callable, answer: Callable, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(capsys, test, answer)
    assert ": correct" not in text and hint in text


@pytest.mark.parametrize(("test", "number"), [(test, n) for test, _, n in RIGHT])
def test_a_stub_is_not_done_yet(
    test: Callable, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def stub(*_: object) -> None:
        raise NotImplementedError

    assert said(capsys, test, stub) == f"Exercise {number}: not done yet.\n"


# --- what the prose says --------------------------------------------------------


def test_who_counts_spoiled_rows_by_experiment_is_right_in_exercise_1_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    image = np.random.default_rng(1).integers(0, 9, (60, 3))

    def counted(sizes: list[int]) -> int:
        outputs = []
        for x in (image, image[20:]):
            for size in sizes:
                x = ndimage.convolve1d(x, [1] * size, axis=0, mode="constant")
            outputs.append(x)
        return int((outputs[0][20:] != outputs[1]).any(1).sum())

    assert "all 7 cases agree" in said(capsys, check.spoiled, counted)


def test_oracle_maps_of_the_pair_look_as_lesson_2_says(pair: scenes.Scene) -> None:
    cells, centers = coverage(pair.masks, 4) > 0.5, object_centers(pair.masks, 4, 21)
    maps = oracle_maps(cells, centers, 3, 21)
    sizes = maps.sum((1, 2))
    assert sizes.argmax() == 4 and set(np.argsort(sizes)[:4]) == {0, 2, 6, 8}
    assert maps[5, 16, 15] and maps[3, 16, 17]  # where the discs touch


def test_the_disc_of_lesson_1_differs_where_the_lesson_says() -> None:
    shown = ShiftExplorer()
    shown.dy, shown.dx, shown.stride, shown.padding = 0, 2, 4, "wrap"
    assert shown.differences()[0].any()
    shown.stride, shown.padding = 1, "zeros"
    for dx in (2, 25):
        shown.dx = dx
        differ, inside = shown.differences()[0], shown.inside()[0]
        assert differ.any() == (dx == 25) and not (differ & inside).any()


def test_the_film_shows_in_lesson_2_what_the_lesson_says() -> None:
    reel = film.load()
    shown = MapGrid.film(reel)
    shown.frame = reel.steps.tolist().index(50)
    yes = (shown.windows()[:, 7:14, 7:14].mean(), shown.windows().sum((1, 2)).max())
    assert yes[0] > 0.95 and yes[1] < 80  # little more than the middle square
    shown.frame, shown.x = len(reel.steps) - 1, 17
    parts = [shown.read_by(center) for center in shown.centers[0]]
    assert parts == [5, 3]
    assert shown.place()[3] > 0 > shown.place()[5]
    far = shown.maps()[4, :4] > 0
    shown.source = "perfect"
    assert (far != shown.maps()[4, :4]).mean() > 0.5


