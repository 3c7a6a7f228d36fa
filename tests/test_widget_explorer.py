"""The ProposalExplorer: NMS and recall in a browser are those of the library."""

import numpy as np
import pytest
import torch

from ifcn_lab import InstanceFCN, average_recall, propose, scenes
from ifcn_lab.assembling import assemble
from ifcn_lab.data import from_scene
from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.layers.nms import nms, nms_pairwise
from ifcn_lab.metrics import COCO_THRESHOLDS, mask_iou
from ifcn_lab.models.deepmask import DeepMask
from ifcn_lab.models.discriminative import Discriminative
from ifcn_lab.models.fcn import FCN
from ifcn_lab.models.mask_rcnn import MaskRCNN
from ifcn_lab.scenes import Scene
from ifcn_lab.segmenter import Instances, to_tensor
from ifcn_lab.widgets import front_end
from ifcn_lab.widgets.candidates import lost_to, run_lengths
from ifcn_lab.widgets.greys import shade
from ifcn_lab.widgets.number_words import fixed
from ifcn_lab.widgets.proposal_explorer import ProposalExplorer
from ifcn_lab.windows import score_level

PURE = front_end.joined("proposing.js")
PICTURE = ".ifcn-sheet[tabindex]"
SHOWN = "() => document.querySelector('.ifcn').dataset.drawn"


@pytest.fixture(scope="module")
def net() -> InstanceFCN:
    return InstanceFCN.from_pretrained("scenes")


@pytest.fixture(scope="module")
def scene() -> Scene:
    return scenes.make(1_000_003, style="wild")


@pytest.fixture
def widget(net, scene) -> ProposalExplorer:
    return ProposalExplorer(net, scene.image, scene.masks, candidates=300)


def computed(browser, expression: str, given: object) -> object:
    """What the plain functions of proposing.js give."""
    page = browser.new_page()
    found = page.evaluate(f"(given) => {{ {PURE}\n return {expression}; }}", given)
    page.close()
    return found


# The plain functions


def random_boxes(rng: np.random.Generator, count: int) -> np.ndarray:
    """Boxes that overlap a lot; some twice, some without an inside."""
    corners = rng.integers(0, 30, (count, 2))
    boxes = np.hstack([corners, corners + rng.integers(0, 25, (count, 2))])
    boxes[: count // 8] = boxes[-(count // 8) :]
    return boxes


def test_nms_of_the_front_end_is_the_library_s(browser) -> None:
    rng, cases, expected = np.random.default_rng(0), [], []
    for iou in (0, 0.05, 0.3, 0.5, 0.6, 0.7, 0.8, 0.95, 0.99, 1):
        for count in (8, 60):
            boxes = random_boxes(rng, count)
            scores = rng.integers(0, 12, count) / 12          # many are equal
            cases.append({"boxes": boxes.ravel().tolist(), "iou": iou,
                          "scores": scores.tolist()})
            expected.append(nms(boxes, scores, iou).tolist())
            if iou < 1:
                assert expected[-1] == nms_pairwise(boxes, scores, iou)
    ask = ("given.map(({ boxes, scores, iou }) => suppress(Int32Array.from(boxes), "
           "ranked(Float64Array.from(scores)), iou).kept)")
    assert computed(browser, ask, cases) == expected


def test_who_removes_whom_is_the_same_on_both_sides(browser) -> None:
    rng = np.random.default_rng(1)
    boxes, scores = random_boxes(rng, 80), np.linspace(1, 0, 80)
    kept = nms(boxes, scores, 0.4)
    lost = np.setdiff1d(np.arange(80), kept)
    expected = [[int(i), int(j)]
                for i, j in zip(lost, lost_to(boxes, lost, kept, 0.4), strict=True)]
    ask = "[...suppress(Int32Array.from(given), ranked(new Float64Array(80)), 0.4).by]"
    assert sorted(computed(browser, ask, boxes.ravel().tolist())) == expected
    assert len(expected) > 20


def discs(rng: np.random.Generator, count: int) -> np.ndarray:
    rows, columns = np.ogrid[:40, :40]
    y, x = rng.integers(5, 35, (2, count, 1, 1))
    radius = rng.integers(3, 14, (count, 1, 1))
    return (rows - y) ** 2 + (columns - x) ** 2 < radius**2


def test_recall_of_the_front_end_is_the_library_s(browser) -> None:
    rng, cases, expected = np.random.default_rng(2), [], []
    for count, objects in ((1, 1), (6, 3), (30, 9), (60, 4)):
        masks, true = discs(rng, count), discs(rng, objects)
        masks[: count // 3] = true[rng.integers(0, objects, count // 3)]
        masks[: count // 3, ::7] = False                    # near, and some alike
        boxes = tight_boxes(masks)
        crops = tuple(m[b:d, a:c] for m, (a, b, c, d) in zip(masks, boxes, strict=True))
        found = Instances((40, 40), boxes, np.linspace(1, 0, count), crops,
                          windows=np.zeros((count, 3), int), zooms=(1.0,))
        sample = from_scene(Scene(np.zeros((40, 40, 3), np.uint8), true), "discs")
        report = average_recall([found], [sample], ns=(count,))
        expected.append(np.rint(report.curves["all"][:, -1] * objects).tolist())
        cases.append([mask_iou(masks, true).ravel().tolist(), objects, count])
    ask = ("given[0].map(([overlap, objects, count]) => foundCounts(overlap, objects, "
           "Array.from({ length: count }, (_, n) => n), given[1]))")
    assert computed(browser, ask, [cases, list(COCO_THRESHOLDS)]) == expected
    assert max(map(max, expected)) > 3


def test_masks_survive_the_journey(browser) -> None:
    masks = list(np.random.default_rng(3).random((5, 6, 7)) < 0.5)
    masks += [np.ones((4, 5), bool), np.zeros((300, 300), bool)]
    masks[-1][-1, -1] = True                                # a run of 89999
    masks += [np.zeros((0, 0), bool), np.zeros((257, 255), bool),     # 65535 pixels
              np.ones((257, 255), bool), np.arange(131071)[None] > 0,
              np.zeros((3, 0), bool), np.eye(3, dtype=bool)]
    boxes = [n for mask in masks for n in (2, 3, 2 + mask.shape[1], 3 + mask.shape[0])]
    ask = "decodeMasks(given[0], given[1]).map((mask) => [...mask])"
    found = computed(browser, ask, [run_lengths(masks).tolist(), boxes])
    assert found == [mask.ravel().astype(int).tolist() for mask in masks]


# In Python


def test_with_all_windows_it_shows_what_propose_gives(net, scene, widget) -> None:
    widget.objectness, widget.top = 0, 20
    expected = propose(net, scene.image, top=20, candidates=300)
    shown = widget.proposals()
    assert np.array_equal(shown.boxes, expected.boxes)
    assert np.array_equal(shown.scores, expected.scores)
    assert np.array_equal(shown.masks, expected.masks)


def test_each_slider_takes_windows_away(widget) -> None:
    widget.objectness, widget.iou, widget.top = 0, 100, 100
    assert [len(some) for some in widget.sifted()] == [300, 300, 100]
    widget.objectness = 60
    assert (widget.found.scores[widget.sifted().sure] >= 0.6).all()
    before = len(widget.sifted().kept)
    widget.iou = 50
    assert len(widget.sifted().kept) < before
    widget.top = 3
    assert len(widget.sifted().shown) == 3
    widget.scale = 2
    assert set(widget.found.windows[widget.sifted().sure, 0]) == {1}


def test_words_hold_the_library_s_recall(scene, widget) -> None:
    report = average_recall([widget.proposals()], [from_scene(scene, "it")], ns=(10,))
    found = round(report.curves["all"][4, -1] * len(scene.masks))
    assert f"{found} of {len(scene.masks)} objects found at IoU 0.7" in widget.words()
    assert f"AR@10 {fixed(report[10], 2)}." in widget.words()
    assert widget.describe().splitlines()[1:] == widget.grid().splitlines()
    assert len(widget.grid().splitlines()) == 21


def test_without_true_masks_nothing_is_said_of_recall(net, scene) -> None:
    alone = ProposalExplorer(net, scene.image, candidates=40)
    assert "objects found" not in alone.words() and "AR@" not in alone.words()


def test_a_true_mask_without_a_pixel_is_no_object(opened, net, scene) -> None:
    masks = np.insert(scene.masks, 1, False, axis=0)
    shown = ProposalExplorer(net, scene.image, masks, candidates=40)
    known = ProposalExplorer(net, scene.image, scene.masks, candidates=40)
    assert shown.objects == len(scene.masks) and shown.runs == known.runs
    assert opened(shown).words() == known.words()


def test_a_limit_beyond_all_overlaps_is_the_last_one(widget) -> None:
    for asked, taken in ((150, 100), (-3, 0)):
        widget.iou = asked
        assert widget.iou == taken and f"NMS at IoU {taken} %" in widget.words()


def test_bad_input_gives_a_sentence(opened, net, scene) -> None:
    wrong = {
        "uint8": ProposalExplorer(net, scene.image / 255),
        "True masks are bool": ProposalExplorer(net, scene.image, scene.masks[:, 1:]),
        "finds no mask": ProposalExplorer(blind(), scene.image),
        "NaN": ProposalExplorer(broken(float("nan")), scene.image),
        "No window of this picture": ProposalExplorer(broken(-9.0), scene.image),
    }
    for words, shown in wrong.items():
        assert words in shown.problem and repr(shown).endswith(f"({shown.problem})")
    page = opened(shown)
    assert words in page.page.get_by_role("alert").inner_text()


@pytest.mark.parametrize("kind", [MaskRCNN, Discriminative, DeepMask])
def test_the_masks_of_any_model_are_sifted_without_windows(opened, kind) -> None:
    model, scene = kind.from_pretrained(), scenes.make(1_000_002, objects=(4, 5))
    shown = ProposalExplorer(model, scene.image, scene.masks, candidates=120)
    assert "Mask 0: score" in shown.words() and "indow" not in shown.words()
    assert "4 of 4 objects found at IoU 0.7" in shown.words() and shown.grid() == ""
    page = opened(shown)
    for state in ({}, {"objectness": 80, "iou": 95, "top": 30}, {"chosen": 2},
                  {"objectness": 100, "chosen": -1}):
        page.set(**state)
        for name, value in state.items():
            shown.set_trait(name, value)
        assert page.words() == shown.words(), state
        drawn = ",".join(map(str, shown.sifted().shown))
        assert page.page.evaluate(SHOWN) == drawn, state
    assert page.page.locator(".ifcn-stack").count() == 2  # picture and recall, no maps
    assert page.errors == []


def blind() -> FCN:
    """A network to which every pixel is ground."""
    net = FCN(backbone="small")
    with torch.no_grad():
        net.classify.weight.zero_()
        net.classify.bias.copy_(torch.tensor([9.0, 0]))
    return net


def broken(score: float) -> InstanceFCN:
    """A network whose mask scores are all the same."""
    net = InstanceFCN(backbone="small")
    with torch.no_grad():
        net.masks[2].weight.zero_()
        net.masks[2].bias.fill_(score)
    return net


def test_a_window_that_is_not_there_is_not_chosen(widget) -> None:
    widget.chosen = 10_000
    assert widget.chosen == 299
    widget.chosen = -5
    assert widget.chosen == -1 and "Window" not in widget.words()


def test_its_file_is_small(tmp_path, net, scene) -> None:
    shown = ProposalExplorer(net, scene.image, scene.masks)
    assert shown.save_html(tmp_path / "explorer.html").stat().st_size < 1_500_000


# In a browser


STATES = [
    {"objectness": 0, "iou": 100, "top": 100},
    {"objectness": 37, "iou": 55, "top": 100, "chosen": 3},
    {"objectness": 90, "iou": 30, "top": 4, "scale": 1, "chosen": 7},
    {"iou": 0, "scale": 2, "objectness": 20, "chosen": 299},
    {"objectness": 100, "chosen": -1},
    {"objectness": 10, "scale": 0, "iou": 80, "top": 1, "chosen": 40},
]


def test_the_page_shows_and_says_what_python_does(opened, widget) -> None:
    page = opened(widget)
    assert page.words() == widget.words()
    for state in STATES:
        page.set(**state)
        widget.set_trait("chosen", -1)
        for name, value in state.items():
            widget.set_trait(name, value)
        widget.chosen = page.get("chosen")
        shown = ",".join(map(str, widget.sifted().shown))
        assert page.page.evaluate(SHOWN) == shown, state
        assert page.words() == widget.words(), state
    assert page.errors == []


def test_nothing_left_is_said_in_a_sentence(opened, widget) -> None:
    page = opened(widget)
    page.set(objectness=100)
    assert "0 shown. Nothing is left: lower the score" in page.words()
    assert "AR@10 0.00" in page.words()
    assert page.errors == []


def test_the_chosen_window_is_what_assemble_gives(opened, net, scene, widget) -> None:
    page = opened(widget)
    for chosen in (0, 11, 123):
        page.set(chosen=chosen)
        number, y, x = widget.found.windows[chosen].tolist()
        level = score_level(net, to_tensor(scene.image), widget.zooms[number])
        window = assemble(level.maps.numpy(), 21, centers=[(y, x)])[0]
        canvas = page.pixels(".ifcn-stage > .ifcn-panel:nth-of-type(2) canvas")
        grey = np.array(canvas).reshape(21, 21, 4)[..., 0]
        # The library may fuse batch norms; a score then moves by 1e-4 at most.
        assert np.abs(grey - shade(window).astype(int)).max() <= 1
        widget.chosen = chosen
        assert np.array_equal(grey, widget.window())


def test_a_click_chooses_the_mask_under_the_pointer(opened, widget) -> None:
    page = opened(widget)
    page.set(chosen=-1)
    target = widget.sifted().shown[2]
    mask = widget.proposals().masks[2]
    y, x = np.argwhere(mask)[mask.sum() // 2]
    box = page.page.locator(PICTURE).bounding_box()
    h, w = mask.shape
    at = (box["x"] + (x + 0.5) * box["width"] / w,
          box["y"] + (y + 0.5) * box["height"] / h)
    seen = set()
    for _ in range(10):  # masks lie one above the other: each click takes the next
        page.page.mouse.click(*at)
        page.settle()
        seen.add(page.get("chosen"))
    here = {int(n) for n, m in zip(widget.sifted().shown, widget.proposals().masks,
                                   strict=True) if m[y, x]}
    assert seen == here and int(target) in seen
    assert page.errors == []


def test_everything_can_be_done_from_the_keyboard(opened, widget) -> None:
    page = opened(widget)
    shown = widget.sifted().shown
    page.page.locator(PICTURE).press("ArrowRight")
    page.settle()
    assert page.get("chosen") == shown[1]
    page.page.locator(PICTURE).press("Shift+ArrowDown")
    page.settle()
    assert page.get("chosen") == shown[6]
    page.page.locator(PICTURE).press("ArrowLeft")
    page.settle()
    assert page.get("chosen") == shown[5]
    assert f"Window {shown[5]}: score" in page.words()
    assert page.sliders_to_both_ends() == 4
    assert [page.get(n) for n in ("objectness", "iou", "top", "scale")] == [
        100, 100, 100, len(widget.zooms)]
    assert page.errors == []


def test_two_hundred_rapid_moves_leave_no_error(opened, widget) -> None:
    page = opened(widget)
    page.page.evaluate(
        "() => { for (let n = 0; n < 200; n++) { ifcnModel.set('iou', n % 101); "
        "ifcnModel.set('objectness', (7 * n) % 101); ifcnModel.set('chosen', n); } }")
    page.settle()
    widget.iou, widget.objectness, widget.chosen = 199 % 101, 7 * 199 % 101, 199
    assert page.words() == widget.words()
    assert page.errors == []
