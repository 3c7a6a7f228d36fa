"""What the measurement at the paper's scales counts is what there is to do."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import paper_scale
from benchmarks.paper_scale import Place, Work, limit, work
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.windows.proposals import default_zooms

SIZES = [(119, 158), (178, 237)]


@pytest.fixture(scope="module")
def papers() -> InstanceFCN:
    return InstanceFCN()


@pytest.mark.parametrize("backbone", ["vgg16", "small"])
def test_operations_are_those_that_torch_counts(backbone: str) -> None:
    net = InstanceFCN(backbone=backbone).to("meta").eval()
    counter = FlopCounterMode(display=False)
    with counter:
        for h, w in SIZES:
            net(torch.empty(1, 3, h, w, device="meta"))
    ours = sum(layer.flops for layer in work(InstanceFCN(backbone=backbone), SIZES))
    assert ours == counter.get_total_flops() > 0


def test_every_layer_of_vgg_is_counted_by_hand(papers: InstanceFCN) -> None:
    """One cell of 8 x 8 pixels: 64, 16, 4 and 1 places at the four strides."""
    layers = work(papers, [(8, 8)])
    places = [64] * 2 + [16] * 2 + [4] * 3 + [1] * 6
    widths = [3, 64, 64, 128, 128, 256, 256, 256] + [512] * 6
    backbone = [2 * 9 * a * b * n for a, b, n
                in zip(widths[:-1], widths[1:], places, strict=True)]
    heads = [2 * 9 * 512 * 512, 2 * 512, 2 * 512 * 512, 2 * 9 * 512 * 25]
    pools = [layer for layer in layers if layer.flops == 0]
    assert sorted(layer.flops for layer in layers if layer.flops) == \
        sorted(backbone + heads)
    # Each of the first three reads four numbers for one; pool4 reads what it writes.
    assert [pool.elements for pool in pools] == [64 * 80, 128 * 20, 256 * 5, 512 * 2]
    conv1_1 = layers[0]
    assert conv1_1.elements == 3 * 64 + 64 * 27 + 64 * 64


def test_the_sizes_are_the_papers(papers: InstanceFCN) -> None:
    zooms = default_zooms(papers, paper_scale.SHAPE)
    sides = [min(paper_scale.SHAPE) * zoom for zoom in zooms]
    assert sides == pytest.approx([600 * 1.5**power for power in range(-4, 2)])


def test_the_limit_takes_what_is_slower_of_each_layer() -> None:
    layers = [Work(100, 10), Work(10, 100)]
    assert limit(layers, flops=10, bandwidth=20, size=2) == 10 + 10
    assert limit(layers, flops=10, bandwidth=1e9, size=2) == pytest.approx(11)


def test_without_a_gpu_cuda_is_refused(capsys: pytest.CaptureFixture) -> None:
    if torch.cuda.is_available():
        assert paper_scale.options([]).device == "cuda"
        return
    given = paper_scale.options([])
    assert (given.device, given.precision, given.rounds) == ("cpu", "auto", 3)
    with pytest.raises(SystemExit):
        paper_scale.options(["--device", "cuda"])
    assert "no cuda here" in capsys.readouterr().err


def test_the_report_marks_the_papers_figure_and_what_was_not_measured(
    capsys: pytest.CaptureFixture
) -> None:
    paper_scale.report(2.0, 4.0, 1.0, 3, Place("cpu", half=False))
    said = capsys.readouterr().out
    assert "2000.0 ms (median of 3), 50% of the limit's speed" in said
    assert "4000.0 ms, 0.250 images a second" in said
    assert "the paper's own figure, on a K40: 1.5 s" in said
    assert "was not measured" in said
