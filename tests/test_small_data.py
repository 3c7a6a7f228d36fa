"""Recall on little data: what the chart and its page say follows from the record."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.results import small_data
from ifcn_lab.models.deepmask import DeepMask
from ifcn_lab.models.instancefcn import InstanceFCN


def record(gap_on_little: float) -> dict:
    """Two seeds of both heads on 4 and on 16 scenes."""
    runs = []
    for seed in (0, 1):
        for scenes, gap in ((16, 0.1), (4, gap_on_little)):
            for head, ar in (("k*k maps", 0.7), ("m*m outputs", 0.7 - gap)):
                measured = {"AR@10": ar + 0.02 * seed, "AR@100": ar + 0.1}
                own = {"AR@10": 0.9, "AR@100": 0.95}
                runs.append({"head": head, "scenes": scenes, "seed": seed,
                             "held_out": measured, "own": own})
    return {"settings": {"steps": 3}, "runs": runs}


@pytest.mark.parametrize(("gap", "words"), [
    (0.3, "+0.300 with 4 scenes and +0.100 with 16: it is wider on little data"),
    (0.05, "+0.050 with 4 scenes and +0.100 with 16: it is not wider on little data"),
])
def test_the_page_says_whether_the_gap_grows(gap: float, words: str, tmp_path) -> None:
    page = small_data.write(record(gap), tmp_path / "a.png").read_text("utf-8")
    assert words in page
    middle, deviation = np.mean([0.7, 0.72]), np.std([0.7, 0.72], ddof=1)
    assert f"| 4 | AR@10, held out | {middle:.3f} ± {deviation:.3f} |" in page
    assert "![Mean AR@10 by the number of training scenes: InstanceFCN 0.71" in page
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_the_chart_draws_every_run_its_mean_and_its_range() -> None:
    figure = small_data.chart(record(0.3)).figure
    for axes, mean in zip(figure.axes, (0.71, 0.8), strict=True):
        lines = {line.get_label(): line for line in axes.lines}
        ours = lines["InstanceFCN: 25 score maps"]
        assert ours.get_xdata().tolist() == [4, 16]
        np.testing.assert_allclose(ours.get_ydata(), [mean, mean])
        single = [line for line in axes.lines if line not in lines.values()
                  or line.get_label().startswith("_")]
        assert sum(len(line.get_xdata()) for line in single) == 8
        assert len(axes.collections) == 2       # a band for each head


def test_both_heads_begin_with_the_same_backbone() -> None:
    states = []
    for kind in (InstanceFCN, DeepMask):
        torch.manual_seed(3)
        states.append(kind(backbone="small").backbone.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_the_record_that_ships_is_the_one_on_the_page(tmp_path: Path) -> None:
    import json

    folder = Path(small_data.__file__).parent
    kept = folder / "small_data.json"
    if not kept.is_file():
        pytest.skip("no record of benchmarks.local_coherence --scenes ... is kept")
    page = small_data.write(json.loads(kept.read_text("utf-8")),
                            tmp_path / "small_data.png")
    assert page.read_text("utf-8") == (folder / "small_data.md").read_text("utf-8")
