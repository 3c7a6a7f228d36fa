"""The WindowSampler: its labels are the library's, its draw is the paper's."""

import numpy as np
import pytest
import traitlets

from ifcn_lab import scenes
from ifcn_lab.data import from_scene
from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.widgets import front_end
from ifcn_lab.widgets.sampler import WAYS, WindowSampler, draw_windows, places_under
from ifcn_lab.windows.labels import WindowRule, label_windows

SCENE = scenes.make(19, objects=(5, 5), sizes=(30, 62))
TOLERANCES = ("center_tolerance", "scale_tolerance", "negative_center",
              "negative_scale")
RULES = [
    {}, {"center_tolerance": 0.3, "negative_center": 0.3}, {"center_tolerance": 0.01},
    {"scale_tolerance": 1.0}, {"negative_center": 0.09, "negative_scale": 0.5},
]


def widget(**options):
    return WindowSampler(SCENE, stride=4, m=21, **options)


# In Python


@pytest.mark.parametrize("change", RULES)
def test_the_labels_are_those_of_the_rule(change):
    shown, rule = widget(rule=WindowRule(**change)), WindowRule(**change)
    expected = label_windows(tight_boxes(SCENE.masks), (32, 32), stride=4, m=21,
                             rule=rule)
    assert shown.rule == rule
    assert np.array_equal(shown.labels().label, expected.label)
    assert (shown.positive, shown.ignored, shown.negative) == tuple(
        (expected.label == kind).sum() for kind in (1, -1, 0))
    rows = shown.grid().splitlines()
    assert sum(row.count("1") for row in rows) == shown.positive
    assert sum(row.count("-") for row in rows) == shown.ignored


def test_the_words_count_what_is_shown():
    shown = widget()
    drawn = shown.drawn()
    assert f"Of 1024 windows {shown.positive} are positive" in shown.words()
    assert "4 of 5 objects have a positive window" in shown.words()
    assert "128 of 256 are positive" in shown.words()
    assert f"{len(np.unique(drawn.centers, axis=0))} are different" in shown.words()
    assert repr(shown) == "WindowSampler(positive=36, ignored=132, negative=856)"


def test_the_window_pointed_at_is_measured_from_its_object():
    shown, box = widget(), tight_boxes(SCENE.masks)
    labels = shown.labels()
    shown.y, shown.x = np.argwhere(labels.label == 1)[0].tolist()
    owner = int(labels.instance[shown.y, shown.x])
    middle = (box[owner, [1, 0]] + box[owner, [3, 2]]) / 2
    window = 4 * (np.array([shown.y, shown.x]) + 0.5)
    away = np.abs(window - middle).max() / 84
    assert f"is positive: object {owner + 1} is {away:.2f} of a side" in shown.words()
    shown.y, shown.x = 31, 0
    assert "row 31, column 0 is negative" in shown.words()


def test_negatives_never_begin_before_positives_end():
    shown = widget()
    shown.center_tolerance = 0.25
    assert shown.negative_center == 0.25
    shown.negative_scale = 0.2
    assert shown.scale_tolerance == 0.2
    assert shown.rule == WindowRule(center_tolerance=0.25, negative_center=0.25,
                                    scale_tolerance=0.2, negative_scale=0.2)
    with pytest.raises(traitlets.TraitError):
        shown.center_tolerance = 0


@pytest.mark.parametrize(("positive", "negative"), [(7, 300), (200, 3), (0, 9), (0, 0)])
def test_half_the_drawn_windows_are_positive(positive, negative):
    label = np.array([1] * positive + [0] * negative + [-1] * 5)
    drawn = draw_windows(label, 256, seed=3, half=True)
    kinds = label[drawn].tolist()
    assert kinds == [1] * (128 * (positive > 0)) + [0] * (128 * (negative > 0))
    for kind, there in ((1, positive), (0, negative)):
        once = np.unique(drawn[label[drawn] == kind])
        assert len(once) == 128 or there < 128
    anywhere = draw_windows(label, 256, seed=3, half=False)
    assert len(anywhere) == 256 * (positive + negative > 0)
    assert (label[anywhere] >= 0).all()


def test_every_window_of_a_kind_is_drawn_in_time():
    label = np.array([1] * 7 + [0] * 9)
    drawn = [draw_windows(label, 64, seed, half=True) for seed in range(20)]
    assert set(np.concatenate(drawn).tolist()) == set(range(16))
    counts = np.bincount(np.concatenate(drawn)[:], minlength=16)
    assert counts[:7].min() > 60 and counts[:7].max() < 125  # 640 draws of 7


def test_windows_in_a_crowd_are_ignored():
    sample = from_scene(SCENE, "one")
    crowd = np.zeros((128, 128), bool)
    crowd[:, :50] = True
    shown = WindowSampler(sample._replace(crowd=crowd), stride=4, m=21)
    assert (shown.labels().label[:, :12] == -1).all()
    assert np.array_equal(shown.labels().label[:, 12:], widget().labels().label[:, 12:])
    assert places_under(crowd, 4, (32, 32)).sum() == 32 * 12  # 50 is half into place 12


@pytest.mark.parametrize(
    ("scene", "options", "words"),
    [
        (SCENE.image, {}, "pair (image, masks)"),
        ((SCENE.image / 255, SCENE.masks), {}, "uint8"),
        ((SCENE.image, SCENE.masks[:, :5]), {}, "size of the picture"),
        ((None, SCENE.masks), {}, "size of the picture"),
        (SCENE, {"stride": 0}, "at least 1"),
    ],
)
def test_what_cannot_be_shown_gives_a_sentence(opened, scene, options, words):
    shown = WindowSampler(scene, **options)
    assert words in shown.describe() and words in repr(shown)
    assert words in opened(shown).page.get_by_role("alert").inner_text()


# In a browser

RUN = """
const bytes = (list, Kind) => Kind.from(list);
return cases.map(({ scene, rule, seed, half }) => {
  const full = { ...scene, middles: bytes(scene.middles, Float64Array),
                 octaves: bytes(scene.octaves, Float64Array) };
  full.off = offMiddle(full);
  const { label, instance } = labelWindows(full, rule);
  return [Array.from(label), Array.from(instance), drawWindows(label, 256, seed, half)];
});
"""


def a_case(number):
    """A random scene and rule, as traits and as the library labels and draws them."""
    rng = np.random.default_rng(number)
    many = int(rng.integers(2, 7))
    scene = scenes.make(number, objects=(many, many), sizes=(20, 70))
    if number % 7 == 0:
        scene = scene._replace(masks=scene.masks[:0])
    near, small = rng.integers(1, 31) / 100, rng.integers(1, 101) / 100
    rule = WindowRule(center_tolerance=near, scale_tolerance=small,
                      negative_center=max(near, rng.integers(1, 41) / 100),
                      negative_scale=max(small, rng.integers(1, 151) / 100))
    stride, m = int(rng.choice([4, 8])), int(rng.choice([9, 20, 21]))
    shown = WindowSampler(scene, stride=stride, m=m, rule=rule)
    shown.seed, shown.way = number * 12345, WAYS[number % 2]
    return shown


def test_the_front_end_labels_and_draws_exactly_as_the_library(browser):
    every = [a_case(number) for number in range(40)]
    given = [{
        "scene": {n: getattr(w, n) for n in ("stride", "m", "H", "W")}
        | {n: np.frombuffer(getattr(w, n)).tolist() for n in ("middles", "octaves")}
        | {"crowd": []},
        "rule": {n: getattr(w, n) for n in TOLERANCES},
        "seed": w.seed, "half": w.way == WAYS[0],
    } for w in every]
    page = browser.new_page()
    script = f"(cases) => {{ {front_end.joined('sampling.js')}\n{RUN} }}"
    results = page.evaluate(script, given)
    page.close()
    kinds = set()
    for shown, (label, instance, drawn) in zip(every, results, strict=True):
        labels, sample = shown.labels(), shown.drawn()
        assert label == labels.label.ravel().tolist()
        assert instance == labels.instance.ravel().tolist()
        assert drawn == (sample.centers @ [shown.W, 1]).tolist()
        kinds |= set(label)
    assert kinds == {-1, 0, 1}


def test_the_page_says_and_draws_what_python_does(opened):
    shown = widget()
    page = opened(shown)
    states = [{}, {"y": 0, "x": 31}, {"center_tolerance": 0.2}, {"way": "any windows"},
              {"seed": 7, "scale_tolerance": 0.01}, {"negative_scale": 1.5, "y": 12}]
    for state in states:
        page.set(**state)
        for name, value in state.items():
            setattr(shown, name, value)
        drawn = (shown.drawn().centers @ [32, 1]).tolist()
        found = page.page.locator(".ifcn").get_attribute("data-drawn")
        assert found == ",".join(map(str, drawn))
        assert page.words() == shown.words()
        assert page.get("negative_center") == shown.negative_center
    assert page.errors == []


def test_a_mark_of_its_colour_stands_on_each_window(opened):
    shown = widget()
    shown.y = shown.x = 31
    page = opened(shown)
    selector = ".ifcn-panel:first-of-type .ifcn-sheet"
    width = page.page.evaluate(f"document.querySelector('{selector}').width")
    sheet = np.array(page.pixels(selector)).reshape(-1, width, 4)
    cell = width / 32
    marks = {1: (0, 114, 178), -1: (255, 255, 255), 0: (213, 94, 0)}
    wrong = 0
    for y, x in np.ndindex(20, 20):  # away from the chosen window's box
        at = sheet[round((y + 0.5) * cell), round((x + 0.5) * cell), :3].astype(int)
        kind = shown.labels().label[y, x]
        wrong += np.abs(at - marks[kind]).max() > 90
    assert wrong <= 15  # the numbers of the objects stand on some


def test_everything_can_be_done_from_the_keyboard(opened):
    page = opened(widget())
    y, x = page.get("y"), page.get("x")
    labels, picked = (page.page.locator(".ifcn-sheet").nth(n) for n in range(2))
    labels.press("ArrowDown")
    picked.press("Shift+ArrowRight")
    page.settle()
    assert (page.get("y"), page.get("x")) == (y + 1, x + 5)
    page.page.get_by_role("radio", name="any windows").check()
    page.page.get_by_role("button", name="draw anew").press("Enter")
    page.settle()
    assert page.get("seed") == 1 and "Drawn, any windows" in page.words()
    assert page.sliders_to_both_ends() == 4
    assert page.errors == []


def test_sliders_push_each_other(opened):
    page = opened(widget())
    page.page.get_by_label("middle: positive up to").press("End")
    page.settle()
    assert page.get("negative_center") == 0.3
    page.page.get_by_label("size: negative from").press("Home")
    page.settle()
    assert page.get("scale_tolerance") == 0.01
    assert page.errors == []


def test_hovering_points_at_a_window(opened):
    page = opened(widget())
    box = page.page.locator(".ifcn-sheet").first.bounding_box()
    cell = box["width"] / 32
    page.page.mouse.move(box["x"] + 20.5 * cell, box["y"] + 3.5 * cell)
    page.settle()
    assert (page.get("y"), page.get("x")) == (3, 20)
    assert "The window at row 3, column 20" in page.words()


def test_two_hundred_rapid_moves_leave_no_error(opened):
    shown = widget()
    page = opened(shown)
    page.page.evaluate(
        "() => { for (let n = 0; n < 200; n++) { ifcnModel.set('x', n % 32); "
        "ifcnModel.set('center_tolerance', (1 + n % 30) / 100); } }")
    page.settle()
    shown.x, shown.center_tolerance = 199 % 32, (1 + 199 % 30) / 100
    shown.negative_center = 0.3  # the front end was there, and pushed
    assert page.words() == shown.words()
    assert page.errors == []


def test_without_objects_every_window_is_negative(opened):
    shown = WindowSampler((SCENE.image, SCENE.masks[:0]), stride=4, m=21)
    page = opened(shown)
    assert page.words() == shown.words() and "there is no object" in page.words()
    assert page.errors == []
