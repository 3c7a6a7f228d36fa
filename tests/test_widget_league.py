"""League: in Python, and in a real browser from a file of its own."""

from __future__ import annotations

import numpy as np
import pytest

from ifcn_course.film import league_scene
from ifcn_lab.data import from_scene
from ifcn_lab.data.masks import cut_to_boxes, tight_boxes
from ifcn_lab.metrics import (
    COCO_THRESHOLDS,
    CocoPrecision,
    average_recall,
    mask_iou,
)
from ifcn_lab.metrics.matching import match_image
from ifcn_lab.metrics.regions import found, objects
from ifcn_lab.scenes import Scene
from ifcn_lab.segmenter import Instances
from ifcn_lab.widgets import League
from ifcn_lab.widgets.league_state import load, taken

GIVEN = load()
SAMPLE = from_scene(Scene(GIVEN.image, GIVEN.truth), "the scene")
STATES = [{"chosen": 0}, {"iou": 75}, {"least": 0}, {"by": "score"}, {"chosen": 3},
          {"down": False}, {"by": "model", "picked": 2}, {"least": 100, "iou": 50},
          {"by": "joined", "least": 30}, {"by": "found", "iou": 95},
          {"by": "figure", "down": True, "iou": 60}]


def instances(masks: list, scores: list[float]) -> Instances:
    """Answers with these masks."""
    masks = np.array(masks, bool).reshape(-1, 4, 4)
    boxes = tight_boxes(masks)
    return Instances((4, 4), boxes, np.array(scores, float), cut_to_boxes(masks, boxes))


def squares(*corners: tuple[int, int]) -> np.ndarray:
    """A mask of squares of 2 x 2 pixels."""
    mask = np.zeros((4, 4), bool)
    for y, x in corners:
        mask[y:y + 2, x:x + 2] = True
    return mask


TRUTH = np.array([squares((0, 0)), squares((0, 2))])
PICTURE = np.zeros((4, 4, 3), np.uint8)
SMALL = {"exact": instances([*TRUTH], [0.6, 0.9]),
         "both in one": instances([TRUTH.any(0)], [0.8]),
         "none": instances([], [])}


def table(league: League) -> list[list[str]]:
    return [[cell.strip() for cell in row.split("  ") if cell.strip()]
            for row in league.grid().splitlines()]


# In Python


def test_a_small_league_by_hand():
    league = League(PICTURE, TRUTH, SMALL)
    assert table(league) == [
        ["model", "IoU", "score", "joined with", "found", "AP"],
        ["exact", "1.00", "0.60", "-", "2 of 2", "1.00"],
        ["both in one", "(0.50)", "-", "2", "1 of 2", "0.50"],
        ["none", "(0.00)", "-", "-", "0 of 2", "0.00"]]


def test_half_of_each_object_is_joined_and_less_is_not():
    half = TRUTH[0] | (squares((0, 2)) & (np.arange(4) < 3))
    less = half.copy()
    less[0, 2] = False
    league = League(PICTURE, TRUTH, {"half": instances([half], [1]),
                                     "less": instances([less], [1])})
    assert [line.joined for line in map(league.standing, (0, 1))] == [[1], []]


def test_an_answer_counts_from_its_score_on():
    league = League(PICTURE, TRUTH, SMALL)
    league.least = 60
    assert league.standing(0).found == 2
    league.least = 61
    assert league.standing(0).found == 1
    assert League(PICTURE, TRUTH, SMALL, scoreless=["exact"]).standing(0).score is None


def test_overlaps_and_scores_are_those_of_the_answers():
    league, start = League(), 0
    for each in GIVEN.answers.values():
        overlap, scores = league._numbers(start, start := start + len(each))
        np.testing.assert_array_equal(overlap, mask_iou(each.masks, GIVEN.truth))
        np.testing.assert_array_equal(scores, each.scores)


def test_the_finders_are_the_answers_that_coco_calls_right():
    league = League()
    for n, each in enumerate(GIVEN.answers.values()):
        match = match_image(found(each, GIVEN.truth.shape[1:]), objects(SAMPLE))[0]
        for step, right in enumerate(match.right):
            finders = [a for a in league.finders[n][step] if a >= 0]
            assert sorted(finders) == np.flatnonzero(right).tolist()


def test_of_two_objects_alike_the_last_is_taken_as_in_coco():
    assert taken(np.array([[0.5, 0.5], [0.5, 0.4]]), [0.5]).tolist() == [[1, 0]]


@pytest.mark.parametrize("name", [*GIVEN.answers])
def test_each_curve_is_what_the_metrics_say(name):
    league, each = League(), GIVEN.answers[name]
    n = league.names.index(name)
    assert league.mute[n] == (name in ("FCN", "Discriminative", "AfterSGN"))
    if league.mute[n]:
        expected = average_recall([each], [SAMPLE], ns=(100,)).curves["all"][:, -1]
    else:
        report = CocoPrecision().over([each], [SAMPLE])
        expected = [report.at(threshold) for threshold in COCO_THRESHOLDS]
    assert league.curves[n] == [*expected]


def test_joined_are_those_of_which_half_is_covered():
    league = League()
    for n, each in enumerate(GIVEN.answers.values()):
        shared = (each.masks[:, None] & GIVEN.truth).sum((2, 3))             # (N, M)
        under = [np.flatnonzero(one).tolist()
                 for one in 2 * shared >= GIVEN.truth.sum((1, 2))]
        assert league.joins[n] == [(a, on) for a, on in enumerate(under) if on[1:]]


@pytest.mark.parametrize("name", ["FCIS", "AfterSGN"])
def test_the_record_is_what_the_model_finds_now(name):
    np.testing.assert_array_equal(league_scene.scene().image, GIVEN.image)
    kept, now = GIVEN.answers[name].above(0.5), league_scene.answers(name).above(0.5)
    assert len(kept) == len(now)
    np.testing.assert_allclose(kept.scores, now.scores, atol=2e-3)
    assert mask_iou(kept.masks, now.masks).max(1).min() > 0.98


def test_the_iou_is_one_of_cocos():
    league = League()
    for asked, got in ((1, 50), (73, 75), (99, 95)):
        league.iou = asked
        assert league.iou == got


@pytest.mark.parametrize(("make", "words"), [
    (lambda: League(PICTURE, TRUTH, {}), "0 models"),
    (lambda: League(PICTURE, TRUTH[:0], SMALL), "0 objects"),
    (lambda: League(GIVEN.image, GIVEN.truth, SMALL), "The answers of exact"),
    (lambda: League(None, TRUTH, SMALL), "needs a picture"),
    (lambda: League(PICTURE, TRUTH.astype(int), SMALL), "True masks are bool"),
])
def test_what_cannot_be_shown_gives_a_sentence(opened, make, words):
    shown = make()
    assert words in shown.describe() and words in repr(shown)
    assert words in opened(shown).page.get_by_role("alert").inner_text()


# In a browser


def rows(page: object) -> list[list[str]]:
    """The table as it is seen, in Python's writing."""
    cells = page.page.locator(".ifcn-standings tbody tr").evaluate_all(
        "rows => rows.map((row) => [...row.cells].map((cell) => cell.innerText))")
    seen = [[text.replace("missed", "").replace("–", "-").split("\n")[0].strip()
             for text in row] for row in cells]
    return [[*row[:5], f"recall {row[5].split('*')[0]}" if "*" in row[5] else row[5]]
            for row in seen]


@pytest.mark.parametrize(("make", "states"), [
    (League, STATES),
    (lambda: League(PICTURE, TRUTH, SMALL, scoreless=["none"]), STATES[3:5])],
    ids=["shipped", "small"])
def test_words_and_table_in_the_browser_are_pythons(opened, make, states):
    shown = make()
    page = opened(shown)
    for state in ({}, *states):
        state = {name: min(value, shown.reach()[name][1]) if name in shown.reach()
                 else value for name, value in state.items()}
        page.set(**state)
        shown.set_state(state)
        assert page.words() == shown.words(), state
        assert rows(page) == table(shown)[1:], state
    assert page.errors == []


def test_a_heading_sorts_and_says_so(opened):
    page = opened(League())
    for heading, by in (("model", "model"), ("IoU", "iou"), ("score", "score"),
                        ("joined", "joined"), ("found", "found"), ("AP", "figure")):
        head = page.page.get_by_role("columnheader", name=heading)
        for press in range(2):
            head.get_by_role("button").press("Enter")
            down = (by != "model") ^ bool(press)
            assert (page.get("by"), page.get("down")) == (by, down)
            way = "descending" if down else "ascending"
            page.page.locator(f"[aria-sort={way}]", has_text=heading).wait_for()
        assert page.page.locator("[aria-sort]").count() == 1
    page.settle()
    tiles = page.page.locator(".ifcn-tiles figcaption").all_inner_texts()[1:]
    assert [name.replace("\u200b", "") for name in tiles] == [row[0]
                                                              for row in rows(page)]
    assert page.errors == []


def test_a_click_on_an_object_of_a_model_chooses_both(opened):
    page = opened(League())
    y, x = np.argwhere(GIVEN.truth[0])[200] + 0.5
    tile = page.page.locator(".ifcn-tiles figure").filter(has_text="YOLACT")
    sheet = tile.locator(".ifcn-sheet")
    scale = sheet.bounding_box()["width"] / GIVEN.image.shape[1]
    sheet.click(position={"x": x * scale, "y": y * scale})
    page.settle()
    assert (page.get("chosen"), page.get("picked")) == (
        0, [*GIVEN.answers].index("YOLACT"))
    assert page.errors == []


def test_everything_can_be_done_from_the_keyboard(opened):
    page = opened(League())
    sheet = page.page.locator(".ifcn-sheet[tabindex]")
    for key, name, value in (("ArrowLeft", "chosen", 1), ("ArrowRight", "chosen", 2)):
        sheet.press(key)
        assert page.get(name) == value
        page.settle()
    order = [row[0] for row in rows(page)]
    page.page.keyboard.press("ArrowDown")  # the sheet keeps the focus as tiles move
    assert page.get("names")[page.get("picked")] == order[1]
    page.page.get_by_role("button", name="FCN", exact=True).press("Enter")
    page.settle()
    assert page.page.locator("[aria-pressed=true]").inner_text() == "FCN"
    assert page.page.locator(".ifcn-curves figcaption").inner_text() == (
        "recall of FCN by IoU")
    assert page.sliders_to_both_ends() == 2
    assert (page.get("iou"), page.get("least")) == (95, 100)
    assert page.errors == []


def test_the_curve_that_is_drawn_is_the_picked_models(opened):
    league = League()
    page = opened(league)
    for picked in (0, 2, 7):
        page.set(picked=picked)
        lines = page.page.locator(".ifcn-chart path").evaluate_all(
            "all => all.map((one) => one.getAttribute('d'))")
        said = page.page.locator(".ifcn-chart").get_attribute("aria-label")
        assert lines[-1] == lines[1 + picked]
        assert said.split(": ")[1] == ", ".join(
            f"{value:.2f} at IoU {threshold:.2f}" for value, threshold in
            zip(league.curves[picked], league.thresholds, strict=True))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_for_everybody(opened, scheme):
    from tests.test_accessibility_axe import serious

    assert serious(opened(League(), color_scheme=scheme).page) == []
