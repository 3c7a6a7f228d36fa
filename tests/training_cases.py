"""Small scenes, a small network and a quick recipe for the tests of training."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.training import LESSON, Example, Run

SCENES = {"size": (64, 64), "objects": (2, 3), "sizes": (14, 34)}
QUICK = LESSON.with_(
    iterations=6, seconds=None, batch=2, crop=48, precision="float32"
)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Sums in one order, so that equal means equal to the last bit."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def samples() -> SceneSet:
    return SceneSet(4, **SCENES)


def network(
    seed: int = 0, k: int = 2, m: int = 7, windows: int = 16, **others: object
) -> InstanceFCN:
    torch.manual_seed(seed)
    return InstanceFCN(k, m, "small", windows=windows, **others)


def drawn(run: Run) -> list[Example]:
    """The examples of the coming step, which seed, step and share decide."""
    made = [run.batches[run.iteration, number] for number in run.numbers]
    return [example for batch in made for example in batch.examples]


def means(terms: dict) -> dict[str, torch.Tensor]:
    """The terms of a loss, each over its count."""
    return {name: total / max(1, count) for name, (total, count) in terms.items()}


def same_weights(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    ours, theirs = a.state_dict(), b.state_dict()
    return all(torch.equal(ours[name], theirs[name]) for name in ours)
