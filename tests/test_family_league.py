"""The league of the relatives: rows, figures, the table, the claims, the oracle."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from training_cases import one_thread

from ifcn_lab.__main__ import main
from ifcn_lab.data.scenes import SCENE_SETS, SceneSet
from ifcn_lab.league import figures as figures_file
from ifcn_lab.league.claims import CLAIMS, ROWS, Gap, claim_told, verdict
from ifcn_lab.league.figures import figures_of, multiply_adds
from ifcn_lab.league.pace import paced
from ifcn_lab.league.roi_oracle import OPERATORS, oracle_told, roi_oracle
from ifcn_lab.league.rows import Data, Row
from ifcn_lab.league.settings import league_setting
from ifcn_lab.models import MODELS, model_class
from ifcn_lab.models.fcn import FCN
from ifcn_lab.segmenter import Instances, Segmenter
from ifcn_lab.training import train
from ifcn_lab.training.recipe import LESSON

__all__ = ["one_thread"]  # a fixture



SCENES = Data("scenes", kinds=False)


def row_of(name: str, data: Data = SCENES,
           sizes: tuple[float, float] | None = None, **own: Any) -> Row:
    setting = league_setting(data.name, sizes, iterations=9, seconds=300.0)
    return setting.relative(data, name, **own)


# Rows


@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_a_row_with_its_recipe_and_the_budget(name: str) -> None:
    row = row_of(name)
    window = name in ("InstanceFCN", "DeepMask", "SharpMask")
    assert row.recipe.lr == (3e-3 if window else 1e-3)
    assert dict(row.recipe.term_weights) == ({"mask": 4.0} if window else {})
    assert (row.on is not None) == (name in ("SharpMask", "MNC"))
    assert sum(each.recipe.seconds for each in (row, row.on) if each) == 300


def test_fewer_scenes_are_the_first_of_them() -> None:
    few = Data("scenes", train=3, kinds=False).open("train")
    assert len(few) == 3 and few.categories == {1: "object"}
    assert np.array_equal(few[2].image, Data("scenes").open("train")[2].image)


def test_anchors_follow_the_sizes_that_a_row_is_told() -> None:
    from ifcn_lab.league.rows import build

    row = row_of("FCIS", Data("coco"), (10.0, 40.0))
    assert build(row, 0).sides != build(replace(row, sizes=None), 0).sides


def test_seconds_are_turned_into_steps_once_for_a_row_and_what_it_stands_on(
    tmp_path: Path
) -> None:
    row = paced(row_of("FCN"), tmp_path)
    kept = json.loads((tmp_path / "paces.json").read_text())
    assert list(kept) == ["scenes-FCN"]
    pace = kept["scenes-FCN"]["seconds a step"]
    assert row.recipe.iterations == round(300 / pace) and row.recipe.seconds is None
    # What is kept decides, so a busy machine later changes nothing.
    names = ("DeepMask-for-SharpMask", "SharpMask")
    kept |= {f"scenes-{name}": {"seconds a step": 0.5} for name in names}
    (tmp_path / "paces.json").write_text(json.dumps(kept))
    row = paced(row_of("SharpMask"), tmp_path)
    assert row.recipe.iterations == row.on.recipe.iterations == 150 / 0.5


@pytest.mark.parametrize("text", ['{"scenes-FCN"', "[]", '{"scenes-FCN": {}}'])
def test_a_damaged_file_of_paces_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "paces.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="paces.json is damaged"):
        paced(row_of("FCN"), tmp_path)
    assert path.read_text() == text


def test_the_processors_clock_stops_a_training_too() -> None:
    torch.manual_seed(0)
    seen = []
    recipe = LESSON.with_(iterations=10**6, seconds=0.05, clock="processor", batch=1,
                          crop=32, precision="float32", term_weights={})
    train(FCN("small"), SceneSet(2), recipe, on_step=seen.append)
    before = [step.seconds for step in seen]
    assert before == sorted(before) and before[-1] >= 0.05 > ([0.0, *before])[-2]
    with pytest.raises(ValueError, match="'wall' or 'processor', got 'sun'"):
        LESSON.with_(clock="sun")


# Figures


class Told(Segmenter):
    """Finds what it is told, whatever the image."""

    def __init__(self, answers: list[Instances]) -> None:
        super().__init__()
        self.answers = iter(answers)

    def detect(self, images, *, top: int = 100) -> list[Instances]:
        return [next(self.answers)]


def truth(scene, scores: np.ndarray) -> Instances:
    from ifcn_lab.data.masks import tight_boxes

    boxes = tight_boxes(scene.masks)
    crops = tuple(mask[y0:y1, x0:x1] for mask, (x0, y0, x1, y1) in
                  zip(scene.masks, boxes, strict=True))
    return Instances((128, 128), boxes, scores, crops)


def test_perfect_answers_have_every_overlap_and_no_difference_in_count() -> None:
    scenes = SceneSet(3)
    told = [truth(scene, np.full(len(scene.masks), 0.9)) for scene in scenes]
    found = figures_of(Told(told), scenes, {}, 0.5)
    for name in ("AR@100", "best IoU", "recall@95", "AP50", "AP75"):
        assert found[name] == pytest.approx(100)
    assert found["count off by"] == 0


def test_answers_below_the_least_score_count_for_recall_and_not_as_answers() -> None:
    scenes = SceneSet(2)
    told = [truth(scene, np.linspace(0.9, 0.1, len(scene.masks))) for scene in scenes]
    found = figures_of(Told(told), scenes, {}, 0.5)
    missed = [int((each.scores < 0.5).sum()) for each in told]
    assert found["count off by"] == np.mean(missed)
    assert found["AR@100"] == pytest.approx(100) and found["best IoU"] < 100


def test_a_model_without_a_score_has_no_precision() -> None:
    scenes = SceneSet(1)
    model = Told([truth(scenes[0], np.full(len(scenes[0].masks), 0.9))])
    model.scored = False
    assert not {"AP50", "AP75"} & figures_of(model, scenes, {}, 0.0).keys()
    unscored = {name for name in MODELS if not model_class(name).scored}
    assert unscored == {"FCN", "Discriminative", "AfterSGN"}


def test_multiply_adds_are_those_of_the_convolutions() -> None:
    class One(Told):
        def detect(self, images, *, top: int = 100) -> list[Instances]:
            torch.nn.functional.conv2d(torch.ones(1, 3, 10, 10), torch.ones(5, 3, 3, 3))
            return []

    assert multiply_adds(One([]), np.zeros((4, 4, 3), np.uint8), {}) == \
        pytest.approx(5 * 3 * 9 * 64 / 1e6)


# The command


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures_file, "LOOKED_AT", 1)


def test_the_league_is_trained_measured_written_and_gone_on_with(
    tmp_path: Path, few: None, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["league", "--models", "YOLACT", "FCN", "--iterations", "1", "--every",
               "99", "--seeds", "1", "--out", str(tmp_path)]
    assert main(command) == 0
    page = (tmp_path / "league.md").read_text("utf-8")
    assert "| YOLACT | 280.6" in page and "AR@10 by scene set" in page
    assert (tmp_path / "league.png").read_bytes()[:4] == b"\x89PNG"
    records = json.loads((tmp_path / "league.json").read_text("utf-8"))
    for record in records:
        assert {f"{name}: AR@10" for name in SCENE_SETS} <= record["figures"].keys()
        assert record["training"]["steps"] == 1
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("scenes-*.json")}
    capsys.readouterr()
    assert main(command) == 0
    assert "2 runs, 2 of them kept" in capsys.readouterr().out
    assert kept == {path: path.stat().st_mtime_ns for path in kept}


def test_sharpmask_has_its_deepmask_first_and_claims_are_told(
    tmp_path: Path, few: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["league", "claims", "--only", "5", "--iterations", "2", "--every",
                 "99", "--seeds", "1", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "scenes-DeepMask-for-SharpMask-seed0" / "model.safetensors"
            ).is_file()
    told = capsys.readouterr().out
    assert "## 5. SharpMask gains" in told
    assert "AUC 19.4 to 20.9 (source: KR-SM)" in told


def test_a_claim_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["league", "claims", "--only", "21", "--out", str(tmp_path)]) == 2
    assert "no experiment for claim 21; there are 0, 1, 2" in capsys.readouterr().err
    assert main(["league", "claims", "--dataset", "coco", "--out", str(tmp_path)]) == 2
    assert "tried on scenes" in capsys.readouterr().err


# The claims


def test_every_claim_has_a_source_and_rows_that_can_be_built() -> None:
    assert len({claim.number for claim in CLAIMS}) == len(CLAIMS) == 20
    for claim in CLAIMS:
        assert claim.paper and claim.source and claim.gaps
        assert set(claim.rows) <= ROWS.keys()
        for name in claim.rows:
            row = row_of(name, **ROWS[name])
            if row.on is None:
                with torch.device("meta"):
                    model_class(row.model)(**row.options)
    used = {name for claim in CLAIMS for name in claim.rows}
    assert used == ROWS.keys()


@pytest.mark.parametrize(("values", "low", "high", "said"), [
    ([5, 6, 7], 0, inf, "shown"),              # 6 - 2 to 6 + 2
    ([5, 6, 7], 4, inf, "not shown"),          # an end is not within
    ([5, 6, 7], 9, inf, "refuted here"),
    ([1, 2, 3], -3, 3, "not shown"),
    ([-0.5, 0, 0.5], -3, 3, "shown"),
    ([0, 0, 0], 0, 0, "shown"),                # equal to the last bit
    ([0, 0, 0.01], 0, 0, "not shown"),
    ([0, 0, 0], 0, inf, "not shown"),          # no difference is no gain
    ([50], 0, inf, "not shown"),               # one seed has no spread
])
def test_the_rule(values: list[float], low: float, high: float, said: str) -> None:
    assert verdict(values, low, high) == said


def test_a_gap_of_gaps_is_taken_seed_by_seed() -> None:
    found = {"a": [{"x": 9.0, "y": 5.0}, {"x": 8.0, "y": 5.0}],
             "b": [{"x": 1.0, "y": 4.0}, {"x": 2.0, "y": 4.0}]}
    gap = Gap("a/x - b/x - a/y + b/y")
    assert gap.values(found) == [(9 - 1) - (5 - 4), (8 - 2) - (5 - 4)]
    page = claim_told(CLAIMS[0]._replace(gaps=(gap,)), found)
    assert "6.0 ± 1.4, shown" in page and "65.7 / 52.1" in page


# The oracle


def test_roialign_keeps_the_most_and_its_lead_grows_with_the_stride() -> None:
    kept = roi_oracle((4, 8, 16), 40)
    for stride in (4, 8, 16):
        order = [kept[name, stride].iou for name in
                 ("RoIAlign", "released RoIWarp", "RoIAlign, not aligned", "RoIPool")]
        assert order == sorted(order, reverse=True)
        for name in OPERATORS:
            assert kept[name, stride].shifted >= kept[name, stride].iou
    lead = [kept["RoIAlign", s].iou - kept["RoIPool", s].iou for s in (4, 8, 16)]
    assert all(b > a for a, b in pairwise(lead))
    # measured before by other code, on 250 ellipses
    told = {"RoIPool": 0.777, "released RoIWarp": 0.846,
            "RoIAlign, not aligned": 0.809, "RoIAlign": 0.944}
    for name, iou in told.items():
        assert kept[name, 4].iou == pytest.approx(iou, abs=0.05)
    assert "the larger the stride: shown" in oracle_told(kept)


def test_every_set_is_measured_on_its_own_scenes() -> None:
    data = Data("scenes", every=50, kinds=False, sets=("many small",))
    small = data.validation("many small")
    assert len(small) == 2 and len(small[0].masks) >= 12
    assert small[0].image_id == data.validation()[0].image_id
