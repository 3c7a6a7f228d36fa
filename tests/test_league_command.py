"""The tables as they are printed and written, and the command that runs them."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path

import numpy as np
import pytest
import torch
from league_cases import SETTING, Few, tiny
from training_cases import one_thread

from ifcn_lab.__main__ import main
from ifcn_lab.league import figures
from ifcn_lab.league.machine import machine
from ifcn_lab.league.paper import PAPER_TABLES
from ifcn_lab.league.rows import Row
from ifcn_lab.league.table import by_row, paper_lines, paper_page, spread

__all__ = ["one_thread"]  # a fixture


# What is printed and written


def test_the_spread_is_the_standard_deviation_of_a_sample() -> None:
    values = [41.3, 44.0, 42.9]
    assert spread(values) == f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f}"


def results(out: Path, keys: tuple[str, ...] = ("maps-k1", "maps-k3")) -> list:
    return [(run, {"figures": {f"AR@{n}": 10.0 * seed + n / 100 for n in
                               (10, 100, 1000)},
                   "training": {"images": 8, "steps": 6, "seconds": 2.0},
                   "measuring": {"images": 2, "seconds": 1.0}, "date": "2026-01-02",
                   "machine": "a machine"})
            for seed in (1, 0) for run in (tiny(out, k, seed=seed) for k in keys)]


def rows(table: str) -> dict[str, Row]:
    return SETTING.lasting(iterations=6).rows_of(table, Few("scenes", every=50))


def test_a_table_shows_ours_over_the_papers(tmp_path: Path) -> None:
    found = by_row(results(tmp_path))
    lines = [line.replace("|", " ").split() for line in
             paper_lines(PAPER_TABLES["table1"], rows("table1"), found)[6:]]
    assert lines[0] == "k = 1 here 5.1 ± 7.1 6.0 ± 7.1 15.0 ± 7.1".split()
    assert lines[1] == ["paper", "–", "–", "–", "not", "in", "the", "paper"]
    assert lines[3] == ["paper", "38.3", "49.2", "52.1", "KR-INST:", "confirmed"]
    assert lines[4][:5] == ["k", "=", "5", "paper", "38.9"]       # it was not run


def test_a_page_names_the_command_the_network_and_what_it_took(tmp_path: Path) -> None:
    page = paper_page(["a table"], results(tmp_path), "ifcn-lab reproduce table1")
    assert "    ifcn-lab reproduce table1\n" in page and "\na table\n" in page
    assert "on scenes with the small\nbackbone" in page
    assert "Measured on: a machine. " in page and "maps-k3-crop: {" in page
    (line,) = [line for line in page.splitlines() if line.startswith("| maps-k1-crop")
               and "| 1    | 8" in line]
    assert line.replace("|", " ").split()[1:] == "1 8 6 2 2 1 2026-01-02".split()


def test_the_machine_is_told_without_its_name() -> None:
    words = machine()
    assert f"{os.cpu_count()} core" in words and f"torch {torch.__version__}" in words
    assert platform.node() not in words


# The command


def reproduce(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    code = main(["reproduce", *options])
    shown = capsys.readouterr()
    return code, shown.out + shown.err


def test_the_command_runs_prints_and_writes(
    tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "LOOKED_AT", 1)
    options = ["table1", "--dataset", "scenes", "--out", str(tmp_path / "out"),
               "--iterations", "2", "--every", "100", "--seeds", "1", "--rows",
               "maps-k3"]
    code, text = reproduce(capsys, *options)
    assert code == 0 and "1 runs, 0 of them kept" in text
    record = json.loads((tmp_path / "out/scenes-maps-k3-crop-seed0.json").read_text())
    best = f"{record['figures']['AR@1000']:.1f}"
    page = (tmp_path / "out" / "tables.md").read_text("utf-8")
    for shown in (text, page):
        assert any(line.replace("|", " ").split() == [
            *"k = 3 here".split(), *(f"{record['figures'][f'AR@{n}']:.1f}"
                                     for n in (10, 100)), best]
                   for line in shown.splitlines())
    code, text = reproduce(capsys, *options)
    assert code == 0 and "1 runs, 1 of them kept" in text


@pytest.mark.parametrize(("options", "words"), [
    (["--dataset", "voc2012"], "voc2012 needs the folder it lies in: --data FOLDER"),
    (["--dataset", "dsb2018", "--data", "nowhere"], "nowhere"),
    (["--dataset", "voc2012", "--scale", "small"], "give --scale paper"),
    (["--dataset", "scenes", "--rows", "maps-k4"], "no row 'maps-k4'"),
])
def test_what_cannot_be_run_is_said_in_one_line(
    options: list[str], words: str, tmp_path: Path, capsys
) -> None:
    code, text = reproduce(capsys, "table1", *options, "--out", str(tmp_path))
    assert code == 2 and words in text and "Traceback" not in text
