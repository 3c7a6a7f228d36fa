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

from ifcn_lab.__main__ import main, parse
from ifcn_lab.league import DATASETS, TABLES
from ifcn_lab.league.machine import machine
from ifcn_lab.league.markdown import put, write_tables
from ifcn_lab.league.paper import PAPER_TABLES
from ifcn_lab.league.rows import Data, Row
from ifcn_lab.league.settings import PAPER_SETTING
from ifcn_lab.league.summary import as_text, by_key, spread

__all__ = ["one_thread"]  # a fixture


# What is printed and written


def test_the_spread_is_the_standard_deviation_of_a_sample() -> None:
    values = [41.3, 44.0, 42.9]
    assert spread(values) == f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f}"


def results(out: Path, keys: tuple[str, ...] = ("maps-k1", "maps-k3")) -> list:
    return [(run, {"figures": {f"AR@{n}": 10.0 * seed + n / 100 for n in
                               (10, 100, 1000)},
                   "training": {"images": 8, "steps": 6, "seconds": 2.0},
                   "measuring": {"images": 2, "seconds": 1.0}, "date": "2026-01-02"})
            for seed in (1, 0) for run in (tiny(out, k, seed=seed) for k in keys)]


def rows(table: str) -> dict[str, Row]:
    return SETTING.with_steps(6, None).rows_of(table, Few("scenes", every=50))


def test_a_table_shows_ours_over_the_papers(tmp_path: Path) -> None:
    table = PAPER_TABLES["table1"]
    text = as_text(table, by_key(rows("table1"), results(tmp_path))).splitlines()
    assert text[2].split() == "k = 1 here 5.1 ± 7.1 6.0 ± 7.1 15.0 ± 7.1".split()
    assert text[3].split() == ["paper", "–", "–", "–"]
    assert text[5].split() == ["paper", "38.3", "49.2", "52.1"]
    assert "not run here" in text[6]


def test_a_section_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    write_tables(page, {"table1": rows("table1")}, results(tmp_path))
    once = page.read_text("utf-8")
    page.write_text(put(once, "by hand", "kept as it is"), "utf-8")
    write_tables(page, {"table1": rows("table1")}, results(tmp_path))
    again = page.read_text("utf-8")
    assert again == put(once, "by hand", "kept as it is")
    ours, paper = "5.1 ± 7.1 | 6.0 ± 7.1 | 15.0 ± 7.1", "38.3 | 49.2 | 52.1"
    assert f"| k = 3 | {ours} | {paper} | KR-INST: confirmed |" in again
    assert "compare rows, not levels" in again
    with pytest.raises(ValueError, match="no row of table4 was run"):
        write_tables(page, {"table4": rows("table4")}, results(tmp_path))


def test_a_section_may_hold_what_regular_expressions_read() -> None:
    assert put(put("head", "a", "one"), "a", r"\1 \g<0> $") == put(
        "head", "a", r"\1 \g<0> $")


def test_the_machine_is_told_without_its_name() -> None:
    words = machine()
    assert f"{os.cpu_count()} core" in words and f"torch {torch.__version__}" in words
    assert platform.node() not in words


# The command


def reproduce(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    code = main(["reproduce", *options])
    shown = capsys.readouterr()
    return code, shown.out + shown.err


def test_the_command_runs_prints_and_writes(tmp_path: Path, capsys) -> None:
    options = ["table1", "--dataset", "scenes", "--out", str(tmp_path / "out"),
               "--steps", "2", "--every", "100", "--seeds", "1", "--rows", "maps-k3"]
    code, text = reproduce(capsys, *options)
    assert code == 0 and "1 runs, 0 of them kept" in text
    record = json.loads((tmp_path / "out/scenes-maps-k3-crop-seed0.json").read_text())
    best = f"{record['figures']['AR@1000']:.1f}"
    assert any(line.split()[:4] == ["k", "=", "3", "here"] and line.endswith(best)
               for line in text.splitlines())
    code, text = reproduce(capsys, *options, "--write", str(tmp_path / "page.md"))
    assert code == 0 and "1 runs, 1 of them kept" in text
    assert f"| {record['figures']['AR@10']:.1f} |" in (tmp_path / "page.md").read_text()


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("table", TABLES)
def test_a_dry_run_names_a_command_for_each_row(
    table: str, dataset: str, tmp_path: Path, capsys
) -> None:
    code, text = reproduce(capsys, table, "--dataset", dataset, "--data", "ROOT",
                           "--scale", "paper", "--out", str(tmp_path), "--dry-run")
    commands = [line.split() for line in text.splitlines() if "ifcn-lab" in line]
    assert code == 0 and len(commands) == len(
        PAPER_SETTING.rows_of(table, Data(dataset)))
    for words in commands:
        assert parse(words[1:]).rows == [words[-1]]
    assert list(tmp_path.iterdir()) == []


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
