"""The CoherenceExplorer counts what the library counts, in Python and in a browser."""

import numpy as np
import pytest
import torch

from ifcn_lab import InstanceFCN, scenes
from ifcn_lab.assembling import assemble
from ifcn_lab.assembling.coherence import kept, shared
from ifcn_lab.models.deepmask import DeepMask
from ifcn_lab.widgets.coherence_explorer import CoherenceExplorer
from ifcn_lab.widgets.greys import shade

RNG = np.random.default_rng(0)
MAPS = {k: RNG.normal(size=(k * k, 13, 16)).astype(np.float32) for k in (1, 3, 5)}
OUTPUTS = RNG.normal(size=(81, 13, 16)).astype(np.float32)
PICTURE = RNG.integers(0, 256, (52, 64, 3)).astype(np.uint8)
COLOURS = [(198, 219, 239), (230, 159, 0), (26, 26, 26), (0, 0, 0)]
"""Same score, another score, another answer, a pixel that is new."""
GROUND, AFTER, CHANGES = (f".ifcn-sheet >> nth={n}" for n in (0, 2, 3))


def widget(**options) -> CoherenceExplorer:
    return CoherenceExplorer.from_maps(MAPS, 9, OUTPUTS, PICTURE, center=(6, 7),
                                       **options)


def painted(page, panel: int, side: int = 9) -> np.ndarray:
    """The pixels of a panel's picture, red, green, blue, alpha."""
    image = page.page.evaluate(
        "n => { const c = document.querySelectorAll('.ifcn-stack')[n].firstChild; "
        "return Array.from(c.getContext('2d').getImageData(0, 0, c.width, "
        "c.height).data); }", panel)
    return np.array(image).reshape(side, side, 4)


def test_counts_are_those_of_the_library() -> None:
    shown = widget()
    for step in ((0, 1), (1, 0), (-1, 2), (3, -3), (0, 0), (4, 4)):
        shown.down, shown.right = step
        expected = kept(5, 9, step)
        found = shown.windows()
        assert (found.count(0), found.count(0, 1, 2)) == (expected.sum(), expected.size)
        one, other = shared(found.before, found.after, step)
        assert np.array_equal(one == other, expected)  # the score is kept, to the bit
        flips = ((one > 0) != (other > 0)).sum()
        assert found.count(2) == flips
        assert f"{expected.sum()} ({100 * expected.mean():.0f} %) keep" in shown.words()


def test_the_other_head_keeps_nothing_and_is_read_at_the_centre() -> None:
    shown = widget()
    other = shown.other_windows()
    assert other.count(0) == 0 and other.count(0, 1, 2) == 72
    expected = shade(OUTPUTS[:, 6, 8].reshape(9, 9))
    assert np.array_equal(other.after, expected)
    shown.right = 0
    assert shown.other_windows().count(0) == 81


def test_its_windows_are_the_networks_own() -> None:
    torch.manual_seed(0)
    net, head = (kind(backbone="small", m=21) for kind in (InstanceFCN, DeepMask))
    image = scenes.two_touching().image
    shown = CoherenceExplorer(net, image, other=head, center=(3, 30))
    with torch.no_grad():
        tensor = torch.tensor(image).permute(2, 0, 1)[None] / 255
        for model, found in ((net, shown.windows()), (head, shown.other_windows())):
            maps = model.eval()(tensor).maps[0]
            windows = model.windows(maps, torch.tensor([(3, 30), (3, 31)])).numpy()
            expected = windows if model is net else shade(windows)
            assert np.allclose(np.stack(found[:2]), expected, atol=1e-5)


def test_the_grid_holds_a_digit_for_every_pixel() -> None:
    shown = widget()
    rows = shown.grid().splitlines()
    assert [len(row) for row in rows] == [9] * 9
    assert "".join(rows).count("0") == kept(5, 9).sum()
    assert all(row.endswith(".") for row in rows)


def test_bad_input_gives_a_sentence(opened) -> None:
    wrong = {
        "these are 5": CoherenceExplorer.from_maps(np.zeros((5, 4, 4)), 3),
        "The other maps are (80, 13, 16)":
            CoherenceExplorer.from_maps(MAPS, 9, OUTPUTS[1:]),
        "The other maps hold NaN":
            CoherenceExplorer.from_maps(MAPS, 9, np.full_like(OUTPUTS, np.nan)),
        "uint8": CoherenceExplorer.from_maps(MAPS, 9, None, PICTURE / 255),
    }
    for words, shown in wrong.items():
        assert words in shown.describe()
        assert words in shown._repr_mimebundle_()[0]["text/plain"]
    assert words in opened(shown).page.get_by_role("alert").inner_text()


def test_a_step_off_the_map_ends_at_its_border() -> None:
    shown = widget()
    shown.down, shown.right = 100, -100
    assert shown.step == (6, -7)
    assert "6 down, 7 left" in shown.words()
    alone = CoherenceExplorer.from_maps(np.zeros((1, 1, 1)), 1)
    assert alone.step == (0, 0) and alone.describe()


def test_its_file_is_small(tmp_path) -> None:
    shown = widget()
    assert shown.save_html(tmp_path / "it.html").stat().st_size < 200_000


# In a browser

STATES = [
    {"down": 0, "right": 3},
    {"down": -2, "right": -1, "i": 0, "j": 0},
    {"down": 2, "right": 1, "i": 4, "j": 2, "k": 3},
    {"y": 0, "x": 15, "down": 1, "right": 0, "i": 0, "j": 8},
    {"k": 1, "down": 0, "right": 0, "i": 8, "j": 8},
    {"y": 12, "x": 0, "down": -11, "right": 12, "k": 5},
]


def test_the_page_shows_and_says_what_python_does(opened) -> None:
    shown = widget()
    page = opened(shown)
    assert page.words() == shown.words()
    for state in STATES:
        page.set(**state)
        for name, value in state.items():
            shown.set_trait(name, value)
        assert page.words() == shown.words(), state
        for row, found in enumerate((shown.windows(), shown.other_windows())):
            before, after = (painted(page, 1 + 3 * row + n)[..., 0] for n in (0, 1))
            greys = found[:2] if row else [shade(each) for each in found[:2]]
            assert np.array_equal(before, greys[0]), state
            assert np.array_equal(after, greys[1]), state
            colours = np.array(COLOURS)
            changes = painted(page, 3 + 3 * row)
            assert np.array_equal(changes[..., :3], colours[found.kinds]), state
    assert page.errors == []


def test_dragging_moves_the_window_from_where_it_started(opened) -> None:
    page = opened(widget())
    box = page.page.locator(GROUND).bounding_box()
    at = lambda y, x: (box["x"] + (x + 0.5) * box["width"] / 16,  # noqa: E731
                       box["y"] + (y + 0.5) * box["height"] / 13)
    page.page.mouse.move(*at(6, 7))
    page.page.mouse.down()
    page.page.mouse.move(*at(4, 10), steps=5)
    page.page.mouse.up()
    page.settle()
    assert [page.get(n) for n in ("y", "x", "down", "right")] == [6, 7, -2, 3]
    window = assemble(MAPS[5], 9, centers=[(4, 10)])[0]
    assert np.array_equal(painted(page, 2)[..., 0], shade(window))
    assert page.errors == []


def test_everything_can_be_done_from_the_keyboard(opened) -> None:
    page = opened(widget())
    page.page.locator(GROUND).press("ArrowRight")
    page.page.locator(GROUND).press("ArrowUp")
    page.settle()
    assert (page.get("down"), page.get("right")) == (-1, 2)
    page.page.locator(GROUND).press("Enter")
    page.settle()
    assert [page.get(n) for n in ("y", "x", "down", "right")] == [5, 9, 0, 0]
    page.page.get_by_role("button", name="one down").press("Enter")
    page.settle()
    assert (page.get("down"), page.get("right")) == (1, 0)
    page.page.locator(AFTER).press("ArrowDown")
    page.page.locator(CHANGES).press("ArrowRight")
    page.settle()
    assert (page.get("i"), page.get("j")) == (1, 1) and "Offset (1, 1)" in page.words()
    page.page.get_by_role("radio", name="3", exact=True).press("Space")
    page.settle()
    assert page.get("k") == 3 and "With 3 x 3 maps" in page.words()
    assert page.errors == []


def test_every_slider_goes_to_both_ends(opened) -> None:
    page = opened(widget())
    assert page.sliders_to_both_ends() == 2
    assert (page.get("down"), page.get("right")) == (4, 4)
    assert page.errors == []


def test_two_hundred_rapid_moves_leave_no_error(opened) -> None:
    shown = widget()
    page = opened(shown)
    page.page.evaluate(
        "() => { for (let n = 0; n < 200; n++) { ifcnModel.set('right', n % 9 - 4); "
        "ifcnModel.set('down', (n * 7) % 9 - 4); } }")
    page.settle()
    shown.right, shown.down = 199 % 9 - 4, 199 * 7 % 9 - 4
    assert page.words() == shown.words()
    assert page.errors == []


@pytest.mark.parametrize("options", [{}, {"other_maps": OUTPUTS}])
def test_a_picture_is_not_needed(opened, options) -> None:
    shown = CoherenceExplorer.from_maps(MAPS[3], 9, **options)
    page = opened(shown)
    assert page.words() == shown.words()
    middle = page.pixels(".ifcn-stack canvas")
    grey = np.array(middle).reshape(13, 16, 4)[..., 0]
    assert np.array_equal(grey, shade(MAPS[3][4]))
    assert page.errors == []
