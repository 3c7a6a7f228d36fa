"""The relatives' weights: of the league's rows, small, and better than 50 steps."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ifcn_lab import load
from ifcn_lab.data import shipped
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.league.rows import build
from ifcn_lab.segmenter import Segmenter
from ifcn_lab.training.batches import Batches
from lessons.relatives_weights import NAMES, league_row, network


def test_every_relative_has_weights_and_a_card() -> None:
    card = shipped.path("weights/README.md").read_text("utf-8")
    for name in NAMES:
        path = shipped.path(f"weights/{name}.safetensors")
        assert path.stat().st_size <= 700_000
        assert f"| {name}.safetensors |" in card


@pytest.mark.parametrize("name", NAMES)
def test_the_weights_are_of_the_leagues_row(name: str) -> None:
    row = league_row(NAMES[name])
    fresh = build(row, 0, row.on and build(row.on, 0))
    found = load(shipped.path(f"weights/{name}.safetensors"))
    assert type(found) is type(fresh) and found.config == fresh.config
    assert type(found).from_pretrained(name).config == found.config


def loss(model: Segmenter) -> float:
    """The sum of the means of all terms on four held-out scenes."""
    recipe = league_row("FCIS").recipe
    batch = Batches(SceneSet(4, 1_000_000), recipe, model.eval())[0, 0]
    images, targets = zip(*batch.examples, strict=True)
    with torch.no_grad():
        terms = model.losses(model(torch.stack(images)), targets)
    return sum(float(total) / max(float(count), 1) for total, count in terms.values())


@pytest.mark.slow
def test_fifty_steps_of_the_command_are_on_the_way_to_what_ships(
    tmp_path: Path,
) -> None:
    rebuilt = network("FCIS", tmp_path, iterations=50)
    torch.manual_seed(0)
    start = build(league_row("FCIS"), 0)
    found = load(shipped.path("weights/scenes-fcis.safetensors"))
    assert loss(found) < loss(rebuilt) < loss(start)
