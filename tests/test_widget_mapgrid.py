"""MapGrid: in Python, and in a real browser from a file of its own."""

import json

import numpy as np
import pytest
import torch

from ifcn_lab import assemble, scenes
from ifcn_lab.data import film
from ifcn_lab.widgets.greys import shade
from ifcn_lab.widgets.mapgrid import MapGrid
from ifcn_lab.widgets.mapgrid_state import of_network, part_names
from ifcn_lab.widgets.number_words import fixed
from ifcn_lab.windows.oracle import coverage, object_centers, oracle_maps, window_ious

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(9, 12, 15)).astype(np.float32) * 3
PICTURE = RNG.integers(0, 256, (48, 60, 3)).astype(np.uint8)
MASKS = np.zeros((2, 48, 60), bool)
MASKS[0, 4:32, 0:28] = MASKS[1, 8:40, 28:60] = True
GAP = 1
MAPS = ".ifcn-stage > .ifcn-panel canvas"


def widget(**options):
    return MapGrid.from_maps(LOGITS, PICTURE, masks=MASKS, m=7, **options)


def shown_map(page, part, size=(12, 15)):
    """Grey pixels of one map as the canvas of all maps shows it."""
    H, W = size
    gap = max(1, round(0.06 * W))
    wide = 3 * W + 2 * gap
    all_ = np.array(page.pixels(MAPS)).reshape(-1, wide, 4)
    top, left = part // 3 * (H + gap), part % 3 * (W + gap)
    return all_[top : top + H, left : left + W, 0]


def table_greys(page, k=3):
    text = page.page.evaluate(
        "() => { const c = [...document.querySelectorAll('.ifcn-panel')].at(-1)"
        ".querySelector('canvas'); return JSON.stringify(Array.from(c.getContext('2d')"
        ".getImageData(0, 0, c.width, c.height).data)); }")
    return np.array(json.loads(text)).reshape(k, k, 4)[..., 0]


def test_words_and_table_tell_the_scores_of_the_place():
    shown = widget()
    shown.y, shown.x, shown.part = 3, 4, 5
    best = int(LOGITS[:, 3, 4].argmax())
    text = f"highest in map {best} ({part_names(3)[best]}), {LOGITS[best, 3, 4]:.2f}."
    assert f"Row 3, column 4: {text}" in shown.words()
    assert f"Map 5 (right): {LOGITS[5, 3, 4]:.2f}." in shown.words()
    table = [[float(n) for n in row.split()] for row in shown.grid().splitlines()]
    assert np.abs(np.array(table) - LOGITS[:, 3, 4].reshape(3, 3)).max() <= 0.0051


def test_each_window_reads_the_part_that_the_pixel_plays_in_it():
    pair = scenes.two_touching(diameter=54.5)
    centers = object_centers(pair.masks, 4, 21)
    cells = coverage(pair.masks, 4) > 0.5
    maps = oracle_maps(cells, centers, 3, 21)
    shown = MapGrid.from_maps(maps, pair.image, masks=pair.masks)
    shown.y, shown.x = 16, 17
    assert "Window 1 reads map 5 (right), 0." in shown.words()
    assert "Window 2 reads map 3 (left), 1." in shown.words()
    assert shown.ious() == [1.0, 1.0]
    shown.source = "perfect"
    np.testing.assert_array_equal(shown.maps(), maps)


@pytest.mark.parametrize("run", ["plain", "shuffled"])
def test_the_film_shows_the_masks_that_the_library_assembles(run):
    reel = film.load()
    shown = MapGrid.film(reel, run)
    for scene, frame in ((0, 0), (1, 10), (0, 4)):
        shown.scene, shown.frame = scene, frame
        masks, step = reel.masks(scene), int(reel.steps[frame])
        centers = object_centers(masks, reel.stride, reel.m)
        read = reel.maps(run, step, scene)[reel.reads(run)]
        np.testing.assert_array_equal(shown.maps(), read)
        found = assemble(read, reel.m, centers=centers) > 0
        np.testing.assert_array_equal(shown.windows(), found)
        truth = coverage(masks, reel.stride) > 0.5
        assert shown.ious() == window_ious(found, truth, centers).tolist()
        assert f"Scene {scene}. Training step {step}." in shown.words()


def test_in_the_shuffled_run_each_part_names_the_channel_it_reads():
    shown = MapGrid.film(film.load(), "shuffled")
    order = film.load().order
    assert [shown.number(part) for part in range(9)] == order.tolist()
    shown.part = 0
    assert f"Map {order[0]} (top left):" in shown.words()
    shown.source = "perfect"
    assert "Map 0 (top left):" in shown.words()


def test_a_network_is_asked_about_the_picture():
    from ifcn_lab.models.instancefcn import InstanceFCN

    net, pair = InstanceFCN(k=3, backbone="small"), scenes.two_touching(diameter=54.5)
    shown = MapGrid(net, pair.image, pair.masks)
    pixels = torch.tensor(pair.image).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        expected = net.eval()(pixels).maps[0].numpy()
    np.testing.assert_allclose(shown.maps(), expected, atol=1e-5)
    assert shown.sources == ["network", "perfect"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: MapGrid.from_maps(np.zeros((5, 4, 4))), "these are 5"),
        (lambda: MapGrid.from_maps(np.full((4, 4, 4), np.nan)), "NaN or infinity"),
        (lambda: MapGrid.from_maps(np.zeros((64, 4, 4))), "colours for k = 1 to 7"),
        (lambda: MapGrid.from_maps(LOGITS, PICTURE / 255), "uint8"),
        (lambda: MapGrid.from_maps(LOGITS, PICTURE[:20]), "does not belong"),
        (lambda: MapGrid.from_maps(LOGITS, PICTURE, masks=MASKS[:, 1:]), "Masks are"),
        (lambda: MapGrid.film(film.load(), "backwards"), "not 'backwards'"),
    ],
)
def test_what_cannot_be_shown_gives_a_sentence(opened, make, words):
    shown = make()
    assert words in shown.describe()
    assert words in shown._repr_mimebundle_()[0]["text/plain"]
    assert words in opened(shown).page.get_by_role("alert").inner_text()


def test_a_network_without_a_picture_gives_a_sentence():
    assert "needs a picture" in of_network(None, None, None)["problem"]


def test_without_objects_there_are_no_perfect_maps_and_no_windows():
    shown = MapGrid.from_maps(LOGITS, PICTURE, masks=np.zeros((0, 48, 60), bool), m=7)
    assert shown.problem == "" and shown.sources == ["maps"]
    assert "Window" not in shown.words()


def test_a_mask_may_end_between_two_places():
    maps, picture = np.zeros((9, 12, 15)), np.zeros((46, 58), np.uint8)
    shown = MapGrid.from_maps(maps, picture, masks=MASKS[:, :46, :58], m=7)
    assert shown.problem == "" and len(shown.centers[0]) == 2


def test_the_file_of_a_film_is_small():
    assert len(MapGrid.film(film.load()).html()) < 1_000_000


@pytest.mark.parametrize("k", range(1, 8))
def test_each_part_has_a_name_of_its_own(k):
    assert len(set(part_names(k))) == k * k


@pytest.mark.parametrize("value", [0.125, -0.125, 2.5, -0.001, -0.0, 1e-9, 17.0625])
@pytest.mark.parametrize("decimals", [0, 2])
def test_numbers_are_said_as_javascript_says_them(browser, value, decimals):
    page = browser.new_page()
    said = page.evaluate("([value, n]) => value.toFixed(n)", [value, decimals])
    if value == 0:  # a negative zero does not reach the page as one
        said = page.evaluate("n => (-0).toFixed(n)", decimals)
    page.close()
    assert fixed(value, decimals) == said


# In a browser


def test_the_canvases_show_the_scores_pixel_for_pixel(opened):
    page = opened(widget())
    for part in (0, 5, 8):
        np.testing.assert_array_equal(shown_map(page, part), shade(LOGITS[part]))
    page.set(y=3, x=4)
    here = shade(LOGITS[:, 3, 4]).reshape(3, 3)
    np.testing.assert_array_equal(table_greys(page), here)
    assert page.errors == []


def test_a_step_of_the_film_shows_its_maps(opened):
    reel = film.load()
    page = opened(MapGrid.film(reel))
    page.set(frame=6, scene=1)
    found = shown_map(page, 4, (32, 32))
    expected = shade(reel.maps("plain", int(reel.steps[6]), 1)[4])
    np.testing.assert_array_equal(found, expected)
    page.set(source="perfect")
    cells = coverage(reel.masks(1), 4) > 0.5
    perfect = oracle_maps(cells, object_centers(reel.masks(1), 4, 21), 3, 21)
    np.testing.assert_array_equal(shown_map(page, 4, (32, 32)), 255 * perfect[4])
    assert page.errors == []


def test_pointing_at_picture_or_map_finds_the_same_place(opened):
    page = opened(widget())
    box = page.page.locator(".ifcn-sheet").first.bounding_box()
    page.page.mouse.move(box["x"] + 4.5 / 15 * box["width"],
                         box["y"] + 3.5 / 12 * box["height"])
    page.settle()
    assert [page.get(name) for name in ("y", "x", "part")] == [3, 4, -1]
    box = page.page.locator(MAPS).nth(1).bounding_box()
    wide, high = 3 * 15 + 2 * GAP, 3 * 12 + 2 * GAP
    page.page.mouse.move(box["x"] + (16 + 9.5) / wide * box["width"],
                         box["y"] + (26 + 2.5) / high * box["height"])
    page.settle()
    assert [page.get(name) for name in ("y", "x", "part")] == [2, 9, 7]
    assert "Map 7 (bottom):" in page.words()


@pytest.mark.parametrize(
    "make", [widget, lambda: MapGrid.film(film.load(), "shuffled")])
def test_the_page_says_what_python_says(opened, make):
    shown = make()
    page = opened(shown)
    assert page.words() == shown.words()
    states = [{"y": 0, "x": 0}, {"part": 8, "x": 11}, {"source": "perfect", "y": 6},
              {"part": -1, "y": 99, "x": -3}, {"y": 5, "x": 5, "source": shown.source}]
    if shown.steps:
        states += [{"frame": n, "scene": n % 2, "x": 14 + n} for n in (1, 4, 10)]
    for state in states:
        page.set(**state)
        shown.set_state(state)
        assert page.words() == shown.words(), state
    assert page.errors == []


def test_everything_can_be_done_from_the_keyboard(opened):
    page = opened(MapGrid.film(film.load()))
    sheets = page.page.locator(".ifcn-sheet[tabindex]")
    assert sheets.count() == 3
    sheets.nth(0).press("ArrowRight")
    sheets.nth(1).press("Shift+ArrowUp")
    sheets.nth(2).press("ArrowDown")
    sheets.nth(2).press("ArrowRight")
    page.settle()
    assert [page.get(name) for name in ("y", "x", "part")] == [11, 17, 1]
    assert page.sliders_to_both_ends() == 1
    assert page.get("frame") == 10
    page.page.get_by_role("radio", name="perfect").press("Space")
    page.page.get_by_role("radio", name="1", exact=True).press("Space")
    page.settle()
    assert (page.get("source"), page.get("scene")) == ("perfect", 1)
    assert page.words().startswith("Scene 1. Perfect maps.")
    assert page.page.get_by_role("slider").is_disabled()
    assert page.errors == []


def test_two_hundred_rapid_moves_leave_no_error(opened):
    shown = MapGrid.film(film.load())
    page = opened(shown)
    page.page.evaluate(
        "() => { for (let n = 0; n < 200; n++) { ifcnModel.set('x', n % 32); "
        "ifcnModel.set('y', (n * 7) % 32); ifcnModel.set('frame', n % 11); "
        "ifcnModel.set('scene', n % 2); } }")
    page.settle()
    shown.x, shown.y, shown.frame, shown.scene = 199 % 32, 199 * 7 % 32, 199 % 11, 1
    assert page.words() == shown.words()
    expected = shade(shown.maps()[0])
    np.testing.assert_array_equal(shown_map(page, 0, (32, 32)), expected)
    assert page.errors == []


def test_play_runs_to_the_last_step(opened):
    page = opened(MapGrid.film(film.load()), reduced_motion="no-preference")
    page.set(frame=8)
    page.page.get_by_role("button", name="play").click()
    page.page.wait_for_function("() => ifcnModel.get('frame') === 10")
    page.settle()
    assert page.page.get_by_role("button", name="play").is_visible()


def test_with_less_motion_play_shows_one_step_more(opened):
    page = opened(MapGrid.film(film.load()), reduced_motion="reduce")
    for frame in (0, 1):  # it starts with the trained maps
        page.page.get_by_role("button", name="play").press("Enter")
        page.settle()
        assert page.get("frame") == frame
