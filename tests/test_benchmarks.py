"""What the benchmarks are made of: facts about them, never times."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as everything
from benchmarks import assembling, training_step
from benchmarks.results import assembling as paper
from benchmarks.results.assembling import NAMES, Report, Row, Spread, Took
from ifcn_lab.assembling import assemble, device

FOLDER = Path(assembling.__file__).parent
MODULES = sorted(path.stem for path in FOLDER.glob("[!_]*.py"))
H, W = 6, 7


def took(ratio: float, ms: float = 0.25) -> Took:
    return Took(Spread(ms, ms, ms), Spread(ratio - 0.1, ratio, ratio + 0.1), ms)


def row(k: int, m: int, plane: float, window: float) -> Row:
    every = {name: took(plane if "plane" in name else window) for name in NAMES}
    view = None if m % k else Spread(7.0, 8.0, 9.0)
    return Row(40, 53, k, m, {"limit": took(1.0), **every}, view)


def report(**changes: object) -> Report:
    rivals = {"limit": took(1.0), "Python loops": took(0.0001, 2500.0)}
    return Report([row(5, 21, 0.93, 0.71), row(3, 15, 0.4, 0.3)], [], (75, 100, 5, 21),
                  rivals, ["A remark."], {}, "simulator")._replace(**changes)


@pytest.mark.parametrize(("k", "m"), [(5, 7), (3, 6), (1, 4)])
def test_every_rival_gives_the_bits_of_assemble(k, m):
    runs, _ = assembling.rivals(H, W, k, m)
    wrong = [name for name, run in runs.items()
             if not assembling.exact(run, H, W, k, m)]
    assert len(runs) == 7
    assert wrong == []


def test_a_rival_that_is_one_bit_off_is_found_out():
    wrong = assemble(assembling.scores(9, H, W), 6)
    wrong.view(np.int32)[3, 3, 3, 3] ^= 1
    assert not assembling.exact(lambda: wrong, H, W, 3, 6)


def test_call_and_kernels_write_what_assemble_gives():
    maps, memory = assembling.scores(25, H, W), np.empty(H * W * 49, np.float32)
    runs = assembling.candidates(maps, memory, 7)
    assert list(runs) == NAMES
    for name, run in runs.items():
        memory[:] = np.nan
        run()
        truth = assemble(maps, 7, backend="loop", layout=name.split(",")[0])
        assert assembling.same(memory, truth.ravel()), name


@pytest.mark.skipif(device.device_name() != "simulator", reason="takes host arrays")
def test_the_kernels_for_a_gpu_write_what_assemble_gives():
    maps = assembling.scores(2 * 4, 1, 2).reshape(2, 4, 1, 2)
    shapes = (2, 1, 2, 3, 3), (2, 3, 3, 1, 2)
    windows, planes = (device.on_device(np.full(s, np.nan, "f4")) for s in shapes)
    runs = assembling.gpu_kernels(device.on_device(maps), windows, planes, 2, 3)
    assert set(runs) == {"reference kernel", "fast kernel, window",
                         "fast kernel, plane"}
    for name, run in runs.items():
        layout, out = ("plane", planes) if "plane" in name else ("window", windows)
        out[...] = np.float32(np.nan)
        run()
        assert assembling.same(out.copy_to_host(), assemble(maps, 3, layout=layout))


def test_the_limit_is_timed_before_and_after_every_candidate():
    told = []
    by = {"a": lambda: told.append("a"), "b": lambda: told.append("b")}
    found = assembling.by_turns(
        lambda: told.append("fill"), by, 2, assembling.clock, {}, 0)
    assert told == ["fill", "a", "fill", "b", "fill"] * 2
    assert list(found) == ["a", "b"]


def test_a_ratio_is_the_limits_time_over_the_candidates():
    times = iter([2.0, 8.0, 4.0])
    found = assembling.by_turns(
        int, {"loops": int}, 1, lambda run: next(times), {"loops": 3.0}, 0)
    assert found["loops"].ms == (24.0, 24.0, 24.0)
    assert found["loops"].ratio.middle == 3.0 / 24.0


def test_a_disturbed_limit_is_measured_again(monkeypatch):
    monkeypatch.setattr(assembling, "PAUSE", 0.0)
    alone = [1] * assembling.ALONE  # then one try that is slow all along, one that not
    milliseconds = iter([*alone, *[9] * 9, *[1] * 9])
    found = assembling.beside(int, {}, 3, lambda run: next(milliseconds))
    assert not paper.disturbed(found)
    assert found["limit"].ms.middle == 1
    assert next(milliseconds, None) is None


def test_the_table_says_what_it_was_given(tmp_path):
    text = paper.write(report(), tmp_path)
    assert (tmp_path / "assembling.md").read_text("utf-8") == text
    assert (tmp_path / "assembling.png").read_bytes().startswith(b"\x89PNG")
    usual, small = (line for line in text.splitlines() if line.startswith("| 40x53"))
    assert usual == ("| 40x53 | 5 | 21 | 3.7 | 0.25 | .93 (.83 to 1.03) | "
                     ".93 (.83 to 1.03) | .71 (.61 to .81) | .71 (.61 to .81) |  |")
    assert small.endswith("| .30 (.20 to .40) | 8.0 |")
    assert "target 0.90: met by the kernel alone at 1 of 2 sizes" in text
    assert "| Python loops | 2500.00 (2500.00 to 2500.00) | 10,000 |" in text
    assert "None could be had" in text


def test_a_disturbed_size_has_a_star():
    late = Took(Spread(0.2, 5.0, 7.0), Spread(0.9, 1.0, 1.1), 0.2)
    rows = [row(3, 15, 0.9, 0.7), row(5, 21, 0.9, 0.7)]
    rows[0].took["limit"] = late
    lines = paper.table(rows).splitlines()
    assert ["5.00 *" in line for line in lines[2:]] == [True, False]
    assert "marked with a star: 1." in paper.size_words(report(rows=rows))
    assert "star" not in paper.size_words(report())


def test_a_gpus_figures_name_its_card():
    gpu = {8: {"limit": took(1.0), "fast kernel, plane": took(1.8, 0.1)}}
    text = paper.write(report(gpu=gpu, card="Some GPU"), None)
    assert "Some GPU." in text
    # 105.84 MB written in 0.1 ms, 6 MB read; a copy reads as much as it writes.
    assert "| 8 | fast kernel, plane | 0.100 | 1058 | .95 (.90 to 1.00) |" in text


def test_the_windows_of_a_step_are_those_that_were_drawn():
    run = training_step.start("float32", scenes=4)
    examples = training_step.drawn(run)
    every = training_step.places(examples, positive=False)
    positive = training_step.places(examples, positive=True)
    assert len(every) == sum(len(e.targets.label) for e in examples)
    assert len(positive) == sum(len(e.targets.target) for e in examples) > 0
    assert sorted(set(every[:, 0].tolist())) == list(range(training_step.BATCH))
    count, _ = training_step.assembling(run, examples, positive=True)
    assert count == len(positive)


@pytest.mark.parametrize("name", MODULES)
def test_every_benchmark_has_a_main(name):
    assert callable(import_module(f"benchmarks.{name}").main)


def test_all_that_needs_no_files_of_its_own_is_run():
    names = {module.__name__.rpartition(".")[2] for module in everything.EVERY}
    # Two train networks and write shipped data, the third wants photographs.
    assert names == set(MODULES) - {"local_coherence", "nuclei", "score", "vgg_learns"}


def test_nothing_is_measured_when_a_benchmark_is_imported():
    for name in MODULES:
        tree = ast.parse((FOLDER / f"{name}.py").read_text("utf-8"))
        assert not any(isinstance(node, ast.Expr | ast.For | ast.With)
                       for node in tree.body[1:]), name
