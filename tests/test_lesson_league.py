"""What lesson 14 says of the table, of chance and of lies holds of what ships."""

from __future__ import annotations

import json
from statistics import mean, median, stdev

import numpy as np
import pytest

from ifcn_course.check.league import (
    MODELS,
    RUNS,
    Bench,
    best_of,
    highest,
    share_right,
    sign_of,
    unbeaten,
)
from ifcn_course.predict import predictions
from ifcn_lab import InstanceFCN, average_recall, draw
from ifcn_lab.data import shipped
from ifcn_lab.data.scenes import SCENE_SETS, SceneSet
from ifcn_lab.league.claims import NOT_SHOWN, SHOWN, claim_told, measured, verdict
from ifcn_lab.league.recorded import KEPT, recorded
from ifcn_lab.league.roi_oracle import roi_oracle
from ifcn_lab.metrics import mask_iou
from ifcn_lab.models import model_class
from upkeep.league import made

FOUND = recorded()


def points(name: str, figure: str) -> float:
    """A model's figure, mean over its seeds."""
    return mean(seed[figure] for seed in FOUND[name])


# --- what ships --------------------------------------------------------------------


def test_the_shipped_figures_are_those_of_the_runs() -> None:
    assert shipped.path(KEPT).read_text("utf-8") == made()


def test_only_the_league_and_the_claims_are_recorded() -> None:
    with pytest.raises(ValueError, match="'league' or 'claims', not 'tables'"):
        recorded("tables")


def test_every_model_of_the_lesson_has_the_figures_it_reads() -> None:
    read = {"AR@10", "AR@100", "best IoU", "steps", "MMACs an image", "ms an image",
            "recall@50", "recall@95"}
    read |= {f"{kind}: {figure}" for kind in SCENE_SETS
             for figure in ("AR@10", "best IoU")}
    assert all(read <= set(seed) for seeds in FOUND.values() for seed in seeds)
    assert {"YOLACT", "MaskRCNN", "FCIS", "AfterSGN", "Discriminative"} <= set(FOUND)


# --- which to take -----------------------------------------------------------------


def test_prototypes_keep_thin_parts_and_masks_in_a_box_lose_them() -> None:
    thin = {name: points(name, "thin parts: AR@10")
            for name in ("MaskRCNN", "FCIS", "YOLACT")}
    assert predictions()["14.1"]["answer"] == max(thin, key=thin.__getitem__)
    assert thin["YOLACT"] > max(thin["MaskRCNN"], thin["FCIS"]) + 5


def test_whole_heaps_are_best_where_nothing_touches_and_worst_where_it_does() -> None:
    at = {}
    for name in ("FCN", "YOLACT"):
        net = model_class(name).from_pretrained()
        for kind in ("touching", "separated"):
            some = SceneSet(10, 1_000_000, **SCENE_SETS[kind])
            found = net.detect([each.image for each in some])
            at[name, kind] = average_recall(found, some, ns=(10,))[10]
    assert at["FCN", "separated"] > at["YOLACT", "separated"] > 0.8
    assert at["FCN", "touching"] < 0.1 < 0.7 < at["YOLACT", "touching"]


def test_all_find_objects_at_half_and_part_at_strict_overlaps() -> None:
    some = ("MaskRCNN", "FCIS", "YOLACT", "AfterSGN")
    apart = {t: np.ptp([points(name, f"recall@{t}") for name in some])
             for t in (50, 90)}
    assert min(points(name, "recall@50") for name in some) > 90
    assert apart[90] > 2 * apart[50]


def test_seeds_cost_milliseconds_and_no_multiply_adds() -> None:
    adds, time = "MMACs an image", "ms an image"
    assert points("MetricLearning", adds) < median(points(n, adds) for n in FOUND)
    assert points("MetricLearning", time) > 5 * points("YOLACT", time)


def test_several_models_lead_some_column() -> None:
    columns = [f"{kind}: AR@10" for kind in SCENE_SETS] + ["AR@10", "best IoU"]
    assert len({max(FOUND, key=lambda name: points(name, column))
                for column in columns}) >= 3


def test_on_another_kind_of_picture_all_figures_fall() -> None:
    from ifcn_lab import CocoFolder

    few = CocoFolder(shipped.path("nuclei/instances.json"))[:3]
    for name in ("YOLACT", "FCIS"):
        found = model_class(name).from_pretrained().detect([s.image for s in few])
        assert 100 * average_recall(found, few, ns=(100,))[100] \
            < points(name, "AR@100") - 30


# --- claims ------------------------------------------------------------------------


def lead(scenes: int) -> list[float]:
    """By how many points score maps were ahead, seed by seed."""
    runs = json.loads(shipped.path("local_coherence.json").read_text("utf-8"))["runs"]
    at = {(r["head"], r["scenes"], r["seed"]): 100 * r["held_out"]["AR@10"]
          for r in runs}
    return [at["k*k maps", scenes, s] - at["m*m outputs", scenes, s] for s in range(3)]


def test_a_lead_is_shown_and_its_growth_on_few_scenes_is_not() -> None:
    few, many = lead(8), lead(512)
    assert [round(min(few), 1), round(max(few), 1)] == [13.0, 18.6]
    assert verdict(few, 0, np.inf) == verdict(many, 0, np.inf) == SHOWN
    more = [a - b for a, b in zip(few, many, strict=True)]
    assert verdict(more, 0, np.inf) == NOT_SHOWN and mean(more) < 0


def test_no_recorded_claim_is_shown_or_refuted_and_coordinates_bring_34() -> None:
    run = recorded("claims")
    there = measured(run)
    assert [each.number for each in there] == [12, 16, 18]
    for claim in there:
        assert claim_told(claim, run).splitlines()[0].endswith(f": {NOT_SHOWN}")
    gained = there[-1].gaps[0].values(run)
    assert (round(mean(gained)), round(stdev(gained))) == (34, 9)


def test_one_map_loses_what_touches_and_keeps_what_stands_alone() -> None:
    net = InstanceFCN.from_pretrained("scenes-k1")
    at = {}
    for kind in ("touching", "separated"):
        some = SceneSet(10, 1_000_000, **SCENE_SETS[kind])
        found = net.detect([each.image for each in some])
        at[kind] = average_recall(found, some, ns=(100,)).curves["all"][4, -1]
    assert at["separated"] > 0.9 and at["touching"] < 0.4
    assert predictions()["14.2"]["answer"] == "fewer than 40"


def test_roialigns_lead_grows_with_the_stride() -> None:
    oracle = roi_oracle(count=30)
    lead = [oracle["RoIAlign", s].iou - oracle["RoIPool", s].iou for s in (4, 8, 16)]
    assert lead == sorted(lead) and lead[0] > 0
    assert predictions()["14.3"]["answer"] == "it grows"


def test_one_scene_is_joined_by_some_and_parted_by_others() -> None:
    sample = SceneSet(8, 1_000_000, **SCENE_SETS["touching"])[3]
    assert len(sample.masks) == 2
    for name, parted in (("YOLACT", True), ("Discriminative", True),
                         ("MaskRCNN", False), ("FCN", False)):
        found, = model_class(name).from_pretrained().detect([sample.image])
        best = mask_iou(found.top(2).masks, sample.masks).max(0)
        assert bool(best.min() > 0.5) == parted, name


# --- measures and luck -------------------------------------------------------------


def test_ten_answers_cannot_reach_more_than_63_of_many_small() -> None:
    crowded = SceneSet(100, 1_000_000, **SCENE_SETS["many small"])
    most = 100 * highest([len(each.masks) for each in crowded], 10)
    assert round(most) == predictions()["14.4"]["answer"]
    assert max(points(name, "many small: AR@10") for name in FOUND) < most / 2


def test_the_best_of_twelve_equals_is_1_6_spreads_too_high() -> None:
    best = np.random.default_rng(0).normal(size=(100_000, 12)).max(1).mean()
    assert predictions()["14.5"]["answer"] == f"{best:.1f} points"


@pytest.mark.parametrize("n", [1, 2, 4])
def test_the_best_of_n_runs_is_the_mean_over_all_orders(n: int) -> None:
    values, rng = [3.0, 1.0, 4.0, 1.5, 5.0], np.random.default_rng(0)
    drawn = [rng.permutation(values)[:n].max() for _ in range(20_000)]
    assert best_of(values, n) == pytest.approx(np.mean(drawn), abs=0.03)


def test_the_front_holds_whom_nobody_beats() -> None:
    rng = np.random.default_rng(1)
    costs = rng.integers(1, 6, 12).tolist()
    figures = rng.integers(60, 66, 12).tolist()
    for n in range(12):
        beaten = any((costs[o] < costs[n] and figures[o] >= figures[n])
                     or (costs[o] == costs[n] and figures[o] > figures[n])
                     for o in range(12))
        assert beaten == (n not in unbeaten(costs, figures))


def test_the_exercises_rule_is_the_leagues() -> None:
    said = [sign_of(values, 0, 10) for values in ([4, 5, 6], [-6, -5, -4], [-1, 1, 3])]
    assert said == [1, -1, 0]


# --- the open problem --------------------------------------------------------------


def test_an_equal_share_for_everybody_is_not_enough() -> None:
    def fair(run, models, runs):
        return max(models, key=lambda name: mean(run(name) for _ in range(5)))

    assert 0.85 < share_right(fair) < 0.96


def test_whoever_might_still_win_gets_the_next_run() -> None:
    def hopeful(run, models, runs):
        seen = {name: [run(name), run(name)] for name in models}
        for _ in range(runs - 2 * len(models)):
            hope = {n: mean(each) + 3 / len(each) ** 0.5 for n, each in seen.items()}
            name = max(hope, key=hope.__getitem__)
            seen[name].append(run(name))
        return max(models, key=lambda name: mean(seen[name]))

    assert share_right(hopeful) > 0.97


def test_a_league_counts_its_runs() -> None:
    bench = Bench(0)
    for _ in range(RUNS):
        bench.run(MODELS[0])
    with pytest.raises(RuntimeError, match="all 60 runs are spent"):
        bench.run(MODELS[0])
    with pytest.raises(ValueError, match="no model 'Z'"):
        Bench(0).run("Z")


# --- figures -----------------------------------------------------------------------


def test_the_figures_tell_what_they_show() -> None:
    told = (
        draw.recall_by_iou({"A": {50: 99.0, 95: 12.4}}).alt,
        draw.prices({"ms": {"A": 1, "B": 2}}, {"A": 70, "B": 60}, {"ms": ["A"]},
                    "AR@10").alt,
        draw.cut_axes({"A": 87.1, "B": 80.3}, "AR@10", (0, 79)).alt,
        draw.best_by_runs({1: 84.0, 12: 85.6}, 84.0).alt)
    for alt, words in zip(told, ("A 99 from IoU 50 and 12 from IoU 95", "by ms nobody "
                                 "beats A", "A 87.1 and B 80.3; drawn from 0 and 79",
                                 "84.0 of 1 and 85.6 of 12"), strict=True):
        assert words in alt
