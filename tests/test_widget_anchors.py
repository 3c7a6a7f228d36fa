"""The AnchorBoard labels and suppresses as the library does, here and in a browser."""

import numpy as np
import pytest
import torch
import traitlets

from ifcn_lab import scenes
from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.layers.anchors import anchor_sizes, make_anchors
from ifcn_lab.layers.boxes import box_iou, match
from ifcn_lab.layers.nms import nms, nms_pairwise
from ifcn_lab.widgets import front_end
from ifcn_lab.widgets.anchor_board import AnchorBoard

OBJECTS = [[0, 0, 10, 10], [20, 20, 26, 26]]
SIX = [[0, 0, 10, 10], [0, 0, 10, 7], [0, 0, 10, 5], [0, 0, 10, 2], [18, 18, 28, 28],
       [40, 40, 50, 50]]
CHAIN = [[0, 0, 10, 10], [0, 2.5, 10, 12.5], [0, 5, 10, 15]]
PICTURE, CHART = (f".ifcn-sheet >> nth={n}" for n in range(2))
SCENE = scenes.make(1_000_003, objects=(2, 3), sizes=(18, 84), alike=0)


def widget() -> AnchorBoard:
    return AnchorBoard(SCENE.image, tight_boxes(SCENE.masks))


@pytest.fixture(scope="module")
def computed(browser):
    """What an expression of the front end's plain functions gives for `given`."""
    page = browser.new_page()
    pure = front_end.joined("anchoring.js")
    yield lambda expression, given: page.evaluate(
        f"(given) => {{ {pure}\n return {expression}; }}", given)
    page.close()


# The plain functions


@pytest.mark.parametrize(("best", "labels"), [(True, [0, 0, -2, -1, 1, -1]),
                                              (False, [0, 0, -2, -1, -2, -1])])
def test_the_front_end_labels_the_table_of_six_anchors(computed, best, labels) -> None:
    ask = ("matched(overlapsOf(Float64Array.from(given[0].flat()), given[1]), 0.7, "
           "0.3, given[2])")
    assert computed(ask, [SIX, OBJECTS, best]) == labels


def test_the_end_of_a_chain_stays(computed) -> None:
    ask = ("nmsSteps(Float64Array.from(given.flat()), [0.9, 0.8, 0.7], [0, 1, 2], "
           "0.5, 9)")
    turns = computed(ask, CHAIN)
    assert [(turn["box"], turn["by"]) for turn in turns] == [(0, -1), (1, 0), (2, -1)]
    assert turns[1]["iou"] == 0.6


@pytest.mark.parametrize(("sides", "ratios", "stride"), [
    ([45.3], [1], 16), ([22.6, 45.3, 90.5], [0.5, 1, 2], 8), ([7, 33.3], [0.3, 3], 32)])
def test_anchors_of_the_front_end_are_the_librarys(
    computed, sides, ratios, stride
) -> None:
    ask = "[...makeAnchors([3, 4], given[2], anchorSizes(given[0], given[1]))]"
    truth = make_anchors((3, 4), stride, anchor_sizes(sides, ratios))
    assert computed(ask, [sides, ratios, stride]) == truth.flatten().tolist()


def random_boxes(rng: np.random.Generator, count: int) -> np.ndarray:
    """Boxes on a coarse grid, so that many overlap alike and some are the same."""
    corners = rng.integers(0, 20, (count, 2)) / 2
    return np.hstack([corners, corners + rng.integers(1, 24, (count, 2)) / 2])


def test_labels_of_the_front_end_are_the_librarys(computed) -> None:
    rng, cases, truth = np.random.default_rng(0), [], []
    for number in range(200):
        anchors = random_boxes(rng, int(rng.integers(1, 40)))
        objects = random_boxes(rng, int(rng.integers(1, 5)))
        high, low = rng.integers(0, 21, 2) / 20  # the lower may be the higher one
        best = number % 3 > 0
        cases.append([anchors.tolist(), objects.tolist(), high, low, best])
        overlap = box_iou(torch.from_numpy(anchors), torch.from_numpy(objects))
        truth.append(match(overlap, high, low, best=best).tolist())
    ask = ("given.map(([anchors, boxes, high, low, best]) => matched(overlapsOf("
           "Float64Array.from(anchors.flat()), boxes), high, low, best))")
    assert computed(ask, cases) == truth
    assert {-2, -1, 0, 1, 2, 3} == {label for each in truth for label in each}


def test_nms_of_the_front_end_is_the_librarys(computed) -> None:
    rng, cases, truth = np.random.default_rng(1), [], []
    for _ in range(150):
        count = int(rng.integers(1, 40))
        boxes, scores = random_boxes(rng, count), rng.integers(0, 9, count) / 9
        limit = float(rng.integers(0, 21) / 20)
        cases.append([boxes.tolist(), scores.tolist(), limit])
        truth.append(nms(boxes, scores, limit).tolist())
        assert truth[-1] == nms_pairwise(boxes, scores, limit)
    ask = ("given.map(([boxes, scores, limit]) => nmsSteps(Float64Array.from("
           "boxes.flat()), scores, scores.map((_, n) => n), limit, 99)"
           ".filter(({ by }) => by < 0).map(({ box }) => box))")
    assert computed(ask, cases) == truth


# In Python


def test_without_the_rule_the_small_object_teaches_nobody() -> None:
    board = widget()
    found = board.matched()
    rescued = np.flatnonzero(found.rescued)
    assert rescued.size and (found.iou[rescued] < 0.7).all()
    assert "only the best-anchor rule gives it 1" in board.words()
    board.best = False
    assert not board.matched().rescued.any()
    assert (board.matched().label[rescued] == -2).all()
    assert "no anchor learns it" in board.words()


def test_each_box_that_goes_goes_to_a_better_one_that_stays() -> None:
    board = widget()
    turns = board.turns()
    staying = [turn.box for turn in turns if turn.by < 0]
    for turn in turns:
        if turn.by >= 0:
            assert turn.by in staying and turn.iou > 0.5
            assert turn.score <= board.matched().iou[turn.by]
    assert 1 < len(staying) < len(turns)
    assert len(board.grid().splitlines()) == len(turns)


def test_bad_input_gives_a_sentence(opened) -> None:
    image = SCENE.image
    wrong = {
        "multiples of 32": AnchorBoard(image[:100], [[0, 0, 9, 9]]),
        "of 1 to 4 objects": AnchorBoard(image, []),
        "x0 < x1": AnchorBoard(image, [[9, 0, 9, 9]]),
        "in the picture": AnchorBoard(image, [[0, 0, 129, 9]]),
        "uint8": AnchorBoard(image / 255, [[0, 0, 9, 9]]),
    }
    for words, shown in wrong.items():
        assert words in shown.describe() and words in repr(shown)
    assert words in opened(shown).page.get_by_role("alert").inner_text()


def test_a_box_outside_the_picture_is_refused() -> None:
    with pytest.raises(traitlets.TraitError, match="in the picture"):
        widget().boxes = [[0, 0, 200, 20]]


# In a browser

STATES = [
    {"positive": 50, "negative": 20, "step": 3},
    {"sizes": 4, "anchor": 100, "iou": 30, "step": 40},
    {"ratios": 1, "anchor": 9999, "step": 7},
    {"stride": 8, "best": False, "iou": 90},
    {"positive": 10, "negative": 60, "best": True, "step": 1},
    {"boxes": [[0.0, 0.0, 6.0, 5.0], [40.0, 40.0, 90.0, 128.0]], "anchor": -1},
    {"stride": 32, "sizes": 1, "negative": 0, "iou": 100, "step": 12},
]


def test_the_page_says_and_labels_what_python_does(opened) -> None:
    shown = widget()
    page = opened(shown)
    for state in [{}, *STATES]:
        page.set(**state)
        for name, value in state.items():
            shown.set_trait(name, value)
        assert page.words() == shown.words(), state
        labels = page.page.locator(".ifcn").get_attribute("data-labels")
        assert labels == ",".join(map(str, shown.matched().label)), state
    assert page.errors == []


def test_dragging_moves_an_objects_box_and_an_edge_goes_alone(opened) -> None:
    page = opened(widget())
    sheet = page.page.locator(PICTURE).bounding_box()
    x0, y0, x1, y1 = page.get("boxes")[1]

    def drag(start, end):
        at = [(sheet["x"] + x * sheet["width"] / 128,
               sheet["y"] + y * sheet["height"] / 128) for x, y in (start, end)]
        page.page.mouse.move(*at[0])
        page.page.mouse.down()
        page.page.mouse.move(*at[1], steps=5)
        page.page.mouse.up()
        page.settle()

    drag((x0 + 20, y0 + 20), (x0 + 10, y0 + 25))
    assert page.get("chosen") == 1
    assert page.get("boxes")[1] == [x0 - 10, y0 + 5, x1 - 10, y1 + 5]
    x0, y0, x1, y1 = page.get("boxes")[1]
    drag((x0, y0 + 30), (x0 - 12, y0 + 33))
    assert page.get("boxes")[1] == [x0 - 12, y0, x1, y1]
    assert page.errors == []


def test_everything_can_be_done_from_the_keyboard(opened) -> None:
    page = opened(widget())
    before = page.get("boxes")
    page.page.locator(PICTURE).press("Enter")
    page.page.locator(PICTURE).press("ArrowLeft")
    page.page.locator(PICTURE).press("Shift+ArrowDown")
    page.settle()
    x0, y0, x1, y1 = before[1]
    assert page.get("boxes") == [before[0], [x0 - 1, y0 + 5, x1 - 1, y1 + 5]]
    page.page.get_by_label("width").press("ArrowLeft")
    page.page.get_by_role("button", name="forward").press("Enter")
    page.page.get_by_role("button", name="forward").press("Enter")
    page.page.get_by_role("button", name="back").press("Enter")
    page.page.get_by_label("best-anchor rule").press("Space")
    page.page.get_by_role("radio", name="8", exact=True).press("Space")
    page.settle()
    assert page.get("boxes")[1] == [x0 - 1, y0 + 5, x1 - 2, y1 + 5]
    assert [page.get(n) for n in ("step", "best", "stride")] == [1, False, 8]
    page.page.locator(CHART).press("ArrowRight")  # the anchor that overlaps most
    page.settle()
    shown = widget()
    shown.boxes, shown.best, shown.stride = page.get("boxes"), False, 8
    assert page.get("anchor") == shown.turns()[0].box
    assert page.errors == []


def test_every_slider_goes_to_both_ends(opened) -> None:
    page = opened(widget())
    assert page.sliders_to_both_ends() == 6
    assert [page.get(n) for n in ("positive", "negative", "iou", "step")] == [
        100, 100, 100, 40]
    x0, y0, x1, y1 = page.get("boxes")[0]
    assert (x1, y1) == (128, 128) and page.errors == []


def test_pointing_at_a_dot_names_its_anchor(opened) -> None:
    page = opened(widget())
    chart = page.page.locator(CHART).bounding_box()
    page.page.mouse.move(chart["x"] + chart["width"] - 2, chart["y"] + 100)
    page.settle()
    best = int(widget().matched().iou.argmax())
    assert page.get("anchor") == best and f"Anchor {best}: IoU" in page.words()
    page.page.mouse.move(chart["x"], chart["y"] + chart["height"] + 60)
    page.settle()
    assert page.get("anchor") == -1


def test_two_hundred_rapid_moves_leave_no_error(opened) -> None:
    shown = widget()
    page = opened(shown)
    page.page.evaluate(
        "() => { for (let n = 0; n < 200; n++) { ifcnModel.set('positive', n % 101); "
        "ifcnModel.set('step', n % 41); ifcnModel.set('stride', [8, 16][n % 2]); } }")
    page.settle()
    shown.positive, shown.step, shown.stride = 199 % 101, 199 % 41, 16
    assert page.words() == shown.words()
    assert page.errors == []


def test_its_file_is_small(tmp_path) -> None:
    assert widget().save_html(tmp_path / "it.html").stat().st_size < 200_000
