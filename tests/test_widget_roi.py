"""The RoiExplorer reads what the library reads, in Python and in a browser."""

import numpy as np
import pytest
import torch
import traitlets

from ifcn_lab.layers import roi
from ifcn_lab.layers.roi import roi_warp
from ifcn_lab.league.roi_oracle import ellipses, pasted_iou, released_warp
from ifcn_lab.widgets import front_end
from ifcn_lab.widgets.roi_explorer import RoiExplorer, part_planes
from ifcn_lab.widgets.roi_reading import OPERATORS, TEACHING, readers

RNG = np.random.default_rng(0)
MASK, BOX = (each.numpy() for each in next(iter(ellipses(1, seed=3))))
IMAGE = np.full((128, 128, 3), 190, np.uint8)
PICTURE, MAP, GRID = (f".ifcn-sheet >> nth={n}" for n in range(3))
RAMP = 10.0 * np.arange(4)[:, None] + np.arange(4)  # F[y, x] = 10 y + x


def widget(**options) -> RoiExplorer:
    return RoiExplorer(IMAGE, MASK, **options)


READ = f"""(cases) => {{ {front_end.joined('roi.js')}
return cases.map(({{ operator, map, box, bins, samples, stride, upstream }}) => {{
  const scene = {{ ...map, values: Float64Array.from(map.values) }};
  const found = roiRead(operator, scene, box, bins, {{ samples, stride }});
  const ones = upstream ?? Array.from(found.values, () => 1);
  return [Array.from(found.values), boxGradient(operator, scene, found, bins, ones)];
}}); }}"""


@pytest.fixture(scope="module")
def read(browser):
    """What the front end reads: values and the gradient of the box, for each case."""
    page = browser.new_page()
    yield lambda cases: page.evaluate(READ, cases)
    page.close()


def case(operator, planes, box, bins, **options):
    planes = np.asarray(planes, float)
    count, H, W = planes.shape
    return {"operator": operator, "box": list(box), "bins": bins, "samples": 2,
            "stride": 1, **options,
            "map": {"values": planes.ravel().tolist(), "count": count, "H": H, "W": W}}


G1 = [  # box, aligned, samples, values
    ((.5, .5, 3.5, 3.5), False, 1, (13.75, 15.25, 28.75, 30.25)),
    ((.5, .5, 3.5, 3.5), False, 2, (13.75, 15.1875, 28.125, 29.5625)),
    ((.5, .5, 3.5, 3.5), True, 2, (8.25, 9.75, 23.25, 24.75)),
    ((0, 0, 4, 4), False, 1, (11, 13, 31, 33)),
    ((0, 0, 4, 4), False, 2, (11, 12.75, 28.5, 30.25)),
    ((0, 0, 4, 4), True, 1, (5.5, 7.5, 25.5, 27.5)),
    ((1, 1, 3, 3), False, 1, (16.5, 17.5, 26.5, 27.5)),
    ((1, 1, 3, 3), True, 2, (11, 12, 21, 22)),
    ((.5, .5, 1, 1), False, 1, (8.25, 8.75, 13.25, 13.75)),
    ((.5, .5, 1, 1), True, 2, (1.375, 1.625, 3.875, 4.125)),
]
G2 = [((.5, .5, 3.5, 3.5), (22, 23, 32, 33)), ((0, 0, 2, 2), (11, 12, 21, 22)),
      ((0, 0, 3, 3), (11, 13, 31, 33)), ((1.5, 1.5, 2.5, 2.5), (22, 23, 32, 33))]
G3 = [((0, 0, 2, 2), (5.5, 106.5, 215.5, 316.5)),
      ((1, 1, 3, 3), (16.5, 117.5, 226.5, 327.5)),
      ((0, 0, 3, 3), (5.5, 107.5, 225.5, 327.5)),
      ((0, 0, 4, 4), (11, 112.5, 226, 327.5))]


def test_the_front_end_gives_the_numbers_of_torchvisions_roi_align(read) -> None:
    name = {True: "RoIAlign", False: "RoIAlign, not aligned"}
    cases = [case(name[aligned], RAMP[None], box, 2, samples=samples)
             for box, aligned, samples, _ in G1]
    for (values, _), (*_, expected) in zip(read(cases), G1, strict=True):
        assert values == pytest.approx(expected, abs=1e-12)


def test_the_front_end_gives_the_numbers_of_caffes_roi_pool(read) -> None:
    cases = [case("RoIPool", RAMP[None], box, 2) for box, _ in G2]
    assert [tuple(values) for values, _ in read(cases)] == [each for _, each in G2]


def test_the_front_end_gives_the_numbers_of_the_authors_ps_roi_pooling(read) -> None:
    planes = RAMP + 100 * np.arange(4)[:, None, None]
    # Their boxes end with the last pixel inside, the library's and ours beyond it.
    cases = [case("PS-RoI pooling", planes, (x0, y0, x1 + 1, y1 + 1), 2)
             for (x0, y0, x1, y1), _ in G3]
    assert [tuple(values) for values, _ in read(cases)] == [each for _, each in G3]
    copied = read([case("PS-RoI pooling", planes, (0, 0, 4, 4), 4)])[0][0]
    assert copied == [0, 1, 102, 103, 10, 11, 112, 113, 220, 221, 322, 323, 230, 231,
                      332, 333]  # one place a bin: InstanceFCN's assembling


@pytest.mark.parametrize(("operator", "expected", "gradient"), [
    ("RoIWarp, as written", (5.5, 7, 20.5, 22), (3, 30, 1, 10)),
    ("released RoIWarp", (11, 12.5, 26, 27.5), (0, 0, 0, 0)),
])
def test_the_front_end_warps_as_mnc_does(read, operator, expected, gradient) -> None:
    values, found = read([case(operator, RAMP[None], (.5, .5, 3.5, 3.5), 2)])[0]
    assert values == pytest.approx(expected, abs=1e-12)
    assert found == pytest.approx(gradient, abs=1e-12)


def test_a_warp_at_the_middles_has_the_closed_forms_gradient(read) -> None:
    # The table reads the middle x at index x; here it stands half a place further.
    given = case("RoIWarp", RAMP[None], (1, 1, 4, 4), 2)
    values, gradient = read([given])[0]
    assert values == pytest.approx((13.75, 15.25, 28.75, 30.25), abs=1e-12)
    assert gradient == pytest.approx((2, 20, 2, 20), abs=1e-12)


SQUARE = np.pad(np.ones((4, 4)), 2)


@pytest.mark.parametrize(("box", "gradient"), [
    ((1.5, 2, 5.5, 6), (-.21875, -.03125)), ((.5, 2, 4.5, 6), (-.15625, -.09375)),
    ((2, 2, 6, 6), (0, 0)), ((2.5, 2, 6.5, 6), (.03125, .21875)),
])
def test_a_mask_pulls_only_from_its_edges(read, box, gradient) -> None:
    seen = roi_warp(torch.tensor(SQUARE)[None], torch.tensor([box]).double(), 4)
    upstream = (2 * (seen - 1) / 16).flatten().tolist()
    given = case("RoIWarp", SQUARE[None], box, 4, upstream=upstream)
    found = read([given])[0][1]
    assert (found[0], found[2]) == pytest.approx(gradient, abs=1e-12)


def test_the_front_end_reads_as_the_library_wherever_the_box_is(read) -> None:
    cases, expected = [], []
    for number in range(120):
        operator = OPERATORS[number % 6]
        bins, stride = (int(RNG.choice(each)) for each in ((2, 4, 7, 14), (1, 4, 8)))
        planes = RNG.normal(size=(4 if operator == "PS-RoI pooling" else 1, 9, 11))
        start, size = RNG.uniform(-2, 9, 2), RNG.uniform(0.3, 9, 2)
        box = [*start, *(start + size)]
        upstream = RNG.normal(size=bins * bins)
        cases.append(case(operator, planes, box, bins, stride=stride,
                          upstream=upstream.tolist()))
        edges = torch.tensor([box], dtype=torch.float64, requires_grad=True)
        values = readers()[operator](torch.tensor(planes), edges * stride, bins, stride)
        gradient = torch.zeros(4)
        if operator in TEACHING:
            (values.flatten() * torch.tensor(upstream)).sum().backward()
            gradient = edges.grad[0]
        expected.append((values.detach().flatten(), gradient))
    for (values, found), (truth, gradient) in zip(read(cases), expected, strict=True):
        assert values == pytest.approx(truth.tolist(), abs=1e-9)
        assert found == pytest.approx(gradient.tolist(), abs=1e-9)


# In Python


def test_its_numbers_are_the_librarys() -> None:
    shown = RoiExplorer.from_map(RAMP, RAMP + 100 * np.arange(4)[:, None, None],
                                 box=(0, 0, 3, 3))
    shown.bins = 2
    ramp, box = torch.tensor(RAMP)[None], torch.tensor([[0., 0, 3, 3]]).double()
    for operator, truth in (("RoIPool", roi.roi_pool(ramp, box, 2)),
                            ("RoIAlign", roi.roi_align(ramp, box, 2)),
                            ("released RoIWarp", released_warp(ramp, box, 2))):
        shown.operator = operator
        assert np.array_equal(shown.values(), truth[0, 0])
    shown.operator = "PS-RoI pooling"
    assert shown.values().ravel().tolist() == [5.5, 106.5, 215.5, 316.5]


def test_what_is_pasted_is_what_the_oracle_pastes() -> None:
    shown = widget(box=BOX.tolist())
    shown.bins = 14
    for operator in ("RoIPool", "released RoIWarp", "RoIAlign"):
        shown.operator = operator
        part = torch.from_numpy(shown.values()).float()
        oracle = pasted_iou(part, torch.from_numpy(BOX), torch.from_numpy(MASK))
        assert shown.iou() == pytest.approx(oracle, abs=2e-3)


def test_the_pull_is_the_losss_slope_and_ends_where_nothing_is_read() -> None:
    shown = widget()
    assert shown.pull() == [0.0] * 4  # in its own box
    x0, x1 = shown.x0, shown.x1
    shown.x0, shown.x1 = x0 + 1.3, x1 + 1.3
    assert shown.pull()[0] < -0.005  # back to the left
    goal = widget().values()

    def loss(away):
        moved = widget()
        moved.x0, moved.x1, moved.y0, moved.y1 = (
            x0 + 1.3 + away, shown.x1, shown.y0, shown.y1)
        return ((moved.values() - goal) ** 2).mean()

    slope = -4 * (loss(1e-4) - loss(-1e-4)) / 2e-4
    assert shown.pull()[0] == pytest.approx(slope, rel=1e-3)
    shown.x0, shown.y0, shown.x1, shown.y1 = 0, 0, 12, 12  # no edge of the object in it
    assert shown.pull() == [0.0] * 4 and "Nothing pulls" in shown.words()


@pytest.mark.parametrize("operator", OPERATORS)
def test_the_words_name_the_places_whose_weights_make_the_value(operator) -> None:
    shown = widget()
    shown.operator, shown.i, shown.j = operator, 3, 0
    shown.x0 += 1.3
    found, maps = shown.reading(), shown.maps()[shown.reading().channel].numpy()
    rows, columns = list(found.rows), list(found.columns)
    weights = np.outer(*(list(line.values()) for line in (found.rows, found.columns)))
    read = maps[np.ix_(rows, columns)]
    value = read.max() if found.how == "largest" else (weights * read).sum()
    assert shown.values()[3, 0] == pytest.approx(value, abs=1e-5)
    assert "Bin (3, 0) is" in shown.words()


def test_ideal_maps_of_parts_add_up_to_the_object() -> None:
    planes = part_planes(MASK, 2)
    assert np.array_equal(planes.sum(0) > 0, MASK) and planes.sum(0).max() == 1


def test_bad_input_gives_a_sentence(opened) -> None:
    wrong = {
        "multiples of the strides": RoiExplorer(IMAGE[:100], MASK[:100]),
        "The mask is empty": RoiExplorer(IMAGE, ~np.ones_like(MASK)),
        "size of the picture": RoiExplorer(IMAGE, MASK[1:]),
        "uint8": RoiExplorer(IMAGE / 255, MASK),
    }
    for words, shown in wrong.items():
        assert words in shown.describe() and words in repr(shown)
    assert words in opened(shown).page.get_by_role("alert").inner_text()


def test_a_stride_that_it_has_no_maps_of_is_refused() -> None:
    with pytest.raises(traitlets.TraitError, match="stride is one of"):
        widget().stride = 5


# In a browser

STATES = [
    {"x0": 30.25, "x1": 80.5, "i": 3, "j": 6},
    {"operator": "RoIPool", "stride": 8, "y1": 100.75},
    {"operator": "released RoIWarp", "bins": 4, "i": 0},
    {"operator": "RoIWarp", "stride": 16, "x0": -5.0},
    {"operator": "RoIAlign, not aligned", "bins": 14, "x1": 300.0},
    {"operator": "PS-RoI pooling", "stride": 4, "bins": 2, "i": 13, "j": 1},
    {"operator": "PS-RoI pooling", "stride": 8, "bins": 7, "y0": 3.0, "y1": 2.0},
    {"operator": "RoIAlign", "x0": 0.0, "y0": 0.0, "x1": 12.0, "y1": 12.0},
]


def test_the_page_shows_and_says_what_python_does(opened) -> None:
    shown = widget()
    page = opened(shown)
    for state in [{}, *STATES]:
        page.set(**state)
        for name, value in state.items():
            shown.set_trait(name, value)
        assert page.words() == shown.words(), state
        found = page.page.locator(".ifcn").get_attribute("data-values")
        assert np.allclose(np.array(found.split(","), float), shown.values().ravel(),
                           atol=1e-9)
        image = np.array(page.pixels(".ifcn-stack canvas")).reshape(128, 128, 4)
        blue = image[..., 2] - image[..., 0].astype(int) > 75
        assert np.array_equal(blue, shown.pasted() & MASK), state
    assert page.errors == []


def test_dragging_moves_the_box_and_an_edge_goes_alone(opened) -> None:
    page = opened(widget())
    box = page.page.locator(PICTURE).bounding_box()
    x0, y0, x1, y1 = (page.get(name) for name in ("x0", "y0", "x1", "y1"))

    def drag(start, end):
        at = [(box["x"] + x * box["width"] / 128, box["y"] + y * box["height"] / 128)
              for x, y in (start, end)]
        page.page.mouse.move(*at[0])
        page.page.mouse.down()
        page.page.mouse.move(*at[1], steps=5)
        page.page.mouse.up()
        page.settle()

    drag(((x0 + x1) / 2, (y0 + y1) / 2), ((x0 + x1) / 2 + 6, (y0 + y1) / 2 - 4))
    found = [page.get(name) for name in ("x0", "y0", "x1", "y1")]
    assert found == pytest.approx([x0 + 6, y0 - 4, x1 + 6, y1 - 4], abs=0.26)
    x0, y0, x1, y1 = found
    drag((x1, (y0 + y1) / 2), (x1 + 8, (y0 + y1) / 2 + 3))
    found = [page.get(name) for name in ("x0", "y0", "x1", "y1")]
    assert found == pytest.approx([x0, y0, x1 + 8, y1], abs=0.26)
    drag(((x0 + x1) / 2, (y0 + y1) / 2), (200, 200))  # it stays in the picture
    assert (page.get("x1"), page.get("y1")) == (128, 128)
    assert page.errors == []


def test_everything_can_be_done_from_the_keyboard(opened) -> None:
    page = opened(widget())
    x0, y0 = page.get("x0"), page.get("y0")
    page.page.locator(PICTURE).press("ArrowRight")
    page.page.locator(PICTURE).press("Shift+ArrowDown")
    page.page.locator(MAP).press("ArrowRight")
    page.settle()
    assert (page.get("x0"), page.get("y0")) == (x0 + 1 + 4, y0 + 4)
    page.page.locator(GRID).press("ArrowUp")
    page.page.locator(GRID).press("ArrowRight")
    page.page.get_by_role("radio", name="RoIPool").press("Space")
    page.page.get_by_role("radio", name="16", exact=True).press("Space")
    page.page.get_by_role("radio", name="4", exact=True).last.press("Space")
    page.settle()
    assert [page.get(n) for n in ("i", "j", "operator", "stride", "bins")] == [
        2, 1, "RoIPool", 16, 4]
    assert "Bin (2, 1) is" in page.words() and "the largest of rows" in page.words()
    assert page.errors == []


def test_every_slider_goes_to_both_ends(opened) -> None:
    page = opened(widget())
    assert page.sliders_to_both_ends() == 2
    assert (page.get("x1"), page.get("y1")) == (128, 128)
    assert page.errors == []


def test_pointing_at_a_bin_chooses_it(opened) -> None:
    page = opened(widget())
    box = page.page.locator(GRID).bounding_box()
    page.page.mouse.move(box["x"] + box["width"] * 5.5 / 7,
                         box["y"] + box["height"] * 2.5 / 7)
    page.settle()
    assert (page.get("i"), page.get("j")) == (2, 5)


def test_two_hundred_rapid_moves_leave_no_error(opened) -> None:
    shown = widget()
    page = opened(shown)
    page.page.evaluate(
        "() => { for (let n = 0; n < 200; n++) { ifcnModel.set('x0', n % 60 + 0.25); "
        "ifcnModel.set('operator', ['RoIPool', 'RoIWarp'][n % 2]); } }")
    page.settle()
    shown.x0, shown.operator = 199 % 60 + 0.25, "RoIWarp"
    assert page.words() == shown.words()
    assert page.errors == []


def test_a_map_without_a_picture_is_shown_too(opened) -> None:
    shown = RoiExplorer.from_map(RAMP)
    shown.bins = 2
    page = opened(shown)
    assert page.words() == shown.words() and "IoU" not in shown.words()
    assert shown.values().ravel().tolist() == [5.5, 7.5, 25.5, 27.5]
    assert page.errors == []


def test_its_file_is_small(tmp_path) -> None:
    assert widget().save_html(tmp_path / "it.html").stat().st_size < 200_000
