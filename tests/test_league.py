"""The paper's tables: its figures, our rows, and runs that are stopped."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from league_cases import tiny
from training_cases import one_thread

from ifcn_lab.__main__ import parse
from ifcn_lab.cli.reproduce import DATASETS, rows_of_tables
from ifcn_lab.league.paper import PAPER_TABLES, PaperTable
from ifcn_lab.league.parallel import chains, perform_all
from ifcn_lab.league.rows import Data
from ifcn_lab.league.settings import PAPER_SETTING, setting_of
from ifcn_lab.league.trials import Trial, perform
from ifcn_lab.metrics import average_recall
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.training import load_checkpoint, train
from ifcn_lab.windows import WindowRule, propose

ROOT = Path(__file__).parent.parent
__all__ = ["one_thread"]  # a fixture


def figures(table: str) -> dict[str, tuple[float | None, ...]]:
    return {row.method: row.figures for row in PAPER_TABLES[table].rows}


# What the paper printed


@pytest.mark.parametrize("table", PAPER_TABLES.values(), ids=lambda t: t.name)
def test_every_figure_has_a_source_and_is_a_percentage(table: PaperTable) -> None:
    for row in table.rows:
        assert len(row.figures) == len(table.columns)
        known = [f for f in row.figures if f is not None]
        assert all(0 < f < 100 for f in known)
        assert bool(known) == bool(row.source)
        assert ("confirmed" in row.status) == bool(known)


@pytest.mark.parametrize("table", ["table1", "table2", "table3", "table5"])
def test_more_proposals_find_more(table: str) -> None:
    for row in figures(table).values():
        known = [f for f in row if f is not None]
        assert known == sorted(known)


@pytest.mark.parametrize("row", PAPER_TABLES["table4"].rows, ids=lambda r: r.method)
def test_a_stricter_overlap_gives_a_lower_precision(row) -> None:
    assert row.figures[0] > row.figures[1]


def test_the_same_network_has_the_same_figures_in_every_table() -> None:
    ours = figures("table1")["k = 5"]
    assert figures("table2")["ours, whole image"] == ours
    assert figures("table3")["InstanceFCN"] == ours
    assert figures("table2")["~DeepMask, crop 224"] == figures("table3")["~DeepMask"]


def test_what_the_paper_concludes_follows_from_its_figures() -> None:
    k3, k5, k7 = (np.array(figures("table1")[f"k = {k}"]) for k in (3, 5, 7))
    assert np.abs(k5 - k7).max() <= 0.1001 and (k5 > k3).all()
    mnc, ours = (figures("table3")[m] for m in ("MNC, its proposals", "InstanceFCN"))
    assert ours[0] > mnc[0] and ours[1] > mnc[1] and ours[2] < mnc[2]
    assert figures("table1")["k = 1"] == (None, None, None)


# Rows


def test_tables_that_train_the_same_network_share_its_row() -> None:
    whole = [PAPER_SETTING.rows_of(table, Data("voc2012")) for table in PAPER_TABLES]
    names = [{row.name for row in rows.values()} for rows in whole]
    assert names[0] == {f"maps-k{k}-whole" for k in (1, 3, 5, 7)}
    assert names[1] == {"window-crop", "maps-k5-crop", "maps-k5-whole"}
    assert names[2] == {"window-crop", "maps-k5-whole"}
    assert names[3] == {"recognise"} and names[4] == {"maps-k5-whole"}
    assert whole[3]["recognise"].on == whole[4]["maps-k5"] == whole[0]["maps-k5"]


def test_an_unknown_row_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no row 'maps-k4'; choose from maps-k1, maps"):
        PAPER_SETTING.rows_of("table1", Data("voc2012"), ["maps-k4"])


def test_the_papers_setting_is_the_papers() -> None:
    rows = PAPER_SETTING.rows_of("table2", Data("voc2012"))
    whole = rows["maps-k5-whole"]
    recipe = whole.recipe
    sides = [118.5, 177.8, 266.7, 400, 600, 900]
    assert np.allclose(recipe.shorter_sides, sides, atol=0.05)
    assert (recipe.iterations, recipe.lr, recipe.momentum, recipe.weight_decay) == (
        40_000, 1e-3, 0.9, 5e-4)
    assert recipe.batch * recipe.accumulate == 8
    with torch.device("meta"):
        model = InstanceFCN(**whole.options)
    assert (model.backbone_name, model.m, model.drawn) == ("vgg16", 21, 256)
    assert (model.rule, whole.detect["nms_iou"]) == (WindowRule(), 0.8)
    crop = rows["window-crop"]
    assert crop.recipe.batch * crop.recipe.accumulate == 8 and crop.recipe.crop == 224
    assert crop.options["m"] * 8 == crop.recipe.crop


def test_coco_is_measured_on_the_first_five_thousand_images() -> None:
    for dataset in DATASETS:
        line = f"reproduce table5 --dataset {dataset} --scale paper --out x"
        data = rows_of_tables(parse(line.split()))["table5"]["maps-k5"].data
        assert data.first == (5000 if dataset == "coco" else None)
    with pytest.raises(ValueError, match="small is for dsb2018 and scenes"):
        setting_of("coco", small=True)


# One run


def test_a_run_is_training_and_average_recall_by_hand(tmp_path: Path) -> None:
    run = tiny(tmp_path)
    record = perform(run)
    torch.manual_seed(0)
    net = InstanceFCN(3, 7, "small", sizes=(20.0, 30.0), windows=16)
    train(net, run.row.data.open("train"), run.row.recipe)
    scenes = [run.row.data.open("val")[i] for i in (0, 50)]
    found = [propose(net, s.image, top=1000) for s in scenes]
    report = average_recall(found, scenes)
    by_hand = {f"AR@{n}": round(100 * report[n], 2) for n in (10, 100, 1000)}
    assert {name: record["figures"][name] for name in by_hand} == by_hand
    assert record["training"]["steps"] == 6 and record["measuring"]["images"] == 2


def test_the_window_head_and_whole_images_are_trained_and_measured(tmp_path) -> None:
    for key in ("window-crop", "maps-k5-whole"):
        record = perform(tiny(tmp_path, key, steps=2))
        assert all(0 <= record["figures"][f"AR@{n}"] <= 100 for n in (10, 100, 1000))
    assert record["settings"]["recipe"]["iterations"] == 2
    assert record["settings"]["recipe"]["shorter_sides"] == [48.0, 64.0]


def test_a_row_stands_on_the_trained_network_of_another(tmp_path: Path) -> None:
    perform(tiny(tmp_path, "maps-k5"))
    network = tmp_path / "scenes-maps-k5-crop-seed0" / "model.safetensors"
    before = network.read_bytes()
    record = perform(tiny(tmp_path, "recognise"))
    assert {"AR@10", "AR@100", "AP", "mAP^r@0.5", "mAP^r@0.7"} <= {*record["figures"]}
    assert network.read_bytes() == before       # not trained again
    assert record["training"]["steps"] == 2


def test_what_is_kept_is_not_run_again(tmp_path: Path) -> None:
    run = tiny(tmp_path)
    record = run.keep(tmp_path / f"{run.name}.json", figures={"AR@10": 12.5})
    assert perform(run) == record


def test_results_of_other_settings_are_refused_and_the_choice_named(tmp_path) -> None:
    run = tiny(tmp_path)
    run.keep(tmp_path / f"{run.name}.json", figures={})
    with pytest.raises(ValueError, match=r"other settings \(data, recipe\)"):
        perform(tiny(tmp_path, steps=7, every=20))
    other = replace(run, out=tmp_path / "other")
    replace(other, seed=9).keep(other.folder / "training.json")
    with pytest.raises(ValueError, match=r"training.json .* other settings \(seed\)"):
        perform(other)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"figures": {}}'])
def test_a_damaged_result_is_named(tmp_path: Path, text: str) -> None:
    run = tiny(tmp_path)
    (tmp_path / f"{run.name}.json").write_text(text)
    with pytest.raises(ValueError, match="seed0.json is damaged .*; delete it"):
        perform(run)


# Stopped and gone on with


def shares(record: dict) -> dict[str, float]:
    """The figures but those of the clock."""
    return {name: value for name, value in record["figures"].items()
            if name not in ("training, s", "ms an image")}


def killed(run: Trial, steps: int) -> None:
    """Begin a run in a process of its own and kill it after some steps."""
    script = [sys.executable, "-m", "league_cases", str(run.out), str(steps)]
    places = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    child = subprocess.Popen(script, cwd=ROOT / "tests",
                             env=os.environ | {"PYTHONPATH": places})
    path = run.folder / "checkpoint.pt"
    while child.poll() is None:
        if path.is_file() and load_checkpoint(path)["iteration"] > 0:
            break
        time.sleep(0.02)
    child.kill()
    assert child.wait() != 0                     # it had not come to its end


def test_a_run_that_was_killed_gives_the_same_figures(tmp_path: Path) -> None:
    run = tiny(tmp_path / "a", steps=120)
    killed(run, 120)
    checkpoint = run.folder / "checkpoint.pt"
    done = load_checkpoint(checkpoint)["iteration"]
    assert 10 <= done < 120 and run.result() is None
    stopped = perform(run)
    straight = perform(tiny(tmp_path / "b", steps=120))
    assert shares(stopped) == shares(straight)
    assert stopped["training"]["steps"] == straight["training"]["steps"] == 120
    assert not checkpoint.exists()


WAITS = """
import multiprocessing, sys, time
from ifcn_lab.training.interrupt import stop_if_alone

def wait():
    print(multiprocessing.current_process().pid, flush=True)
    while True:
        stop_if_alone()
        time.sleep(0.02)

if __name__ == "__main__":
    multiprocessing.get_context("spawn").Process(target=wait).start()
    time.sleep(600)
"""


def test_a_worker_stops_when_its_parent_was_killed(tmp_path: Path) -> None:
    (tmp_path / "waits.py").write_text(WAITS)
    parent = subprocess.Popen([sys.executable, "waits.py"], cwd=tmp_path, text=True,
                              env=os.environ | {"PYTHONPATH": str(ROOT)},
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    worker = int(parent.stdout.readline())
    assert alive(worker)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 300
    while alive(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(worker)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for nobody does not."""
    status = Path(f"/proc/{pid}/stat")
    if not status.parent.parent.joinpath("self").exists():
        pytest.skip("needs /proc to look at a process that is no child")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_two_at_once_give_what_one_after_the_other_gives(tmp_path: Path) -> None:
    keys = ("maps-k3", "maps-k5")
    at_once = perform_all([tiny(tmp_path / "a", key) for key in keys], jobs=2)
    found = {run.name: shares(record) for run, record in at_once}
    in_turn = perform_all([tiny(tmp_path / "b", key) for key in keys])
    assert found == {run.name: shares(record) for run, record in in_turn}


def test_runs_of_one_network_wait_for_each_other(tmp_path: Path) -> None:
    runs = [tiny(tmp_path, key) for key in ("maps-k5", "maps-k3", "recognise")]
    assert [[r.row.name for r in c] for c in chains(runs)] == [
        ["maps-k5-crop", "recognise"], ["maps-k3-crop"]]
    assert multiprocessing.parent_process() is None
