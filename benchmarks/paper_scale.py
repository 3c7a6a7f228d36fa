"""VGG-16 at the paper's six scales, one image of 500 x 375: images per second.

    python -m benchmarks.paper_scale [--device cuda] [--precision auto] [--rounds 3]

The limit comes first: the multiplications and additions of every convolution and the
bytes that every layer has to move, counted from the layers' shapes, over the speed at
which this device multiplies and copies, measured here. Then the network alone at all
six scales, and `propose` as a whole, of which the suppression of boxes always runs on
the processor. The weights are drawn, not trained: they do not change the work of the
convolutions. The goal is 25 ms an image on a card like the H100.
"""

from __future__ import annotations

import resource
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ifcn_lab import scenes
from ifcn_lab.layers.backbones import fused, uses_bfloat16
from ifcn_lab.layers.pretrained import he
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.segmenter import to_tensor
from ifcn_lab.windows import propose, score_level
from ifcn_lab.windows.proposals import default_zooms
from ifcn_lab.windows.pyramid import resize_image

SHAPE = (375, 500)
PAPER, GOAL = 1.5, 0.025


class Place(NamedTuple):
    """Where and how it is measured: the device, the precision, and the clock."""

    device: str
    half: bool
    clock: Callable[[], float] = time.perf_counter

    @property
    def on_gpu(self) -> bool:
        """Whether work is handed to a GPU."""
        return self.device != "cpu"


class Work(NamedTuple):
    """What one layer has to do at one scale: operations, and elements moved."""

    flops: int
    elements: int


def work(model: InstanceFCN, sizes: Sequence[tuple[int, int]]) -> list[Work]:
    """The work of every convolution and pooling on one image of each size.

    A multiplication and an addition are two operations. A layer reads its input and
    its weights once and writes its output once; ReLUs are counted as part of it. Runs
    on shapes alone, without numbers.
    """
    found: list[Work] = []

    def note(layer: nn.Module, given: tuple[Tensor], result: Tensor) -> None:
        kernel = getattr(layer, "weight", None)
        weights = 0 if kernel is None else kernel.numel()
        each = 0 if kernel is None else 2 * kernel[0].numel()
        found.append(Work(each * result.numel(),
                          given[0].numel() + weights + result.numel()))

    net = InstanceFCN(model.k, model.m, model.backbone_name).to("meta").eval()
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.MaxPool2d):
            layer.register_forward_hook(note)
    for h, w in sizes:
        net(torch.empty(1, 3, h, w, device="meta"))
    return found


def fastest(run: Callable[[], Any], place: Place, rounds: int = 5) -> float:
    """The shortest time of several runs, in seconds, after two that do not count."""
    return min(seconds(run, place, rounds, warm_up=2))


def seconds(run: Callable[[], Any], place: Place, rounds: int, warm_up: int
            ) -> list[float]:
    """The time of each run until the device is done with it."""
    times = []
    for _ in range(warm_up + rounds):
        wait(place)
        start = place.clock()
        run()
        wait(place)
        times.append(place.clock() - start)
    return times[warm_up:]


def wait(place: Place) -> None:
    """Until a GPU has done all that it was given."""
    if place.on_gpu:
        torch.cuda.synchronize()


@torch.inference_mode()
def speeds(place: Place) -> tuple[float, float]:
    """Operations a second, bytes a second: the most this device is seen to do.

    Operations: the faster of a large matrix product and a convolution like conv4's, as
    libraries differ in which they do well. Bytes: a copy, read and written.
    """
    n, side, size = (8192, 256, 2**30) if place.on_gpu else (1024, 64, 2**27)
    device, dtype = place.device, torch.bfloat16 if place.half else torch.float32
    a, b = (torch.randn(n, n, device=device).to(dtype) for _ in range(2))
    product = fastest(partial(torch.mm, a, b), place)
    conv = nn.Conv2d(512, 512, 3, padding=1).to(device, dtype)
    x = torch.randn(1, 512, side, side, device=device).to(dtype)
    conv, x = (some.to(memory_format=torch.channels_last) for some in (conv, x))
    convolution = fastest(partial(conv, x), place)
    memory = torch.empty(size, dtype=torch.uint8, device=device)
    copied = fastest(partial(torch.empty_like(memory).copy_, memory), place)
    flops = max(2 * n**3 / product, 2 * 9 * 512**2 * side**2 / convolution)
    return flops, 2 * size / copied


def limit(layers: Sequence[Work], flops: float, bandwidth: float, size: int) -> float:
    """Seconds if every layer ran at the speed of products or, if slower, of copies.

    Args:
        layers: their work.
        flops: operations a second.
        bandwidth: bytes a second.
        size: bytes of an element.

    Example:
        >>> limit([Work(100, 10), Work(10, 100)], flops=10, bandwidth=20, size=2)
        20.0
    """
    return sum(max(one.flops / flops, one.elements * size / bandwidth)
               for one in layers)


def print_limit(net: InstanceFCN, sizes: Sequence[tuple[int, int]], place: Place
                ) -> float:
    """Count, measure the device, and say what follows; returns the limit in seconds."""
    layers = work(net, sizes)
    size, name = (2, "bfloat16") if place.half else (4, "float32")
    flops, bandwidth = speeds(place)
    total, moved = (sum(column) for column in zip(*layers, strict=True))
    least = limit(layers, flops, bandwidth, size)
    print(f"six scales, {' '.join(f'{h}x{w}' for h, w in sizes)}: "
          f"{total / 1e12:.3f} TFLOP, {size * moved / 1e9:.2f} GB in {name}")
    print(f"this device: {flops / 1e12:.3f} TFLOP/s in a product or a convolution, "
          f"{bandwidth / 1e9:.0f} GB/s in copies; so at least {1000 * least:.1f} ms")
    return least


def memory(place: Place) -> str:
    """The most memory that was in use so far."""
    if place.on_gpu:
        return f"{torch.cuda.max_memory_allocated() / 1e9:.2f} GB of the GPU's memory"
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB"


def options(words: Sequence[str] | None) -> Namespace:
    """Device, precision, rounds and clock."""
    parser = ArgumentParser(prog="python -m benchmarks.paper_scale",
                            description=__doc__.partition("\n")[0])
    there = torch.cuda.is_available()
    parser.add_argument("--device", default="cuda" if there else "cpu",
                        help="cpu or cuda (default: cuda where there is one)")
    parser.add_argument("--precision", default="auto", help="float32, bfloat16, or "
                        "auto: bfloat16 where the hardware has it (default)")
    parser.add_argument("--rounds", type=int, help="timed runs (3, on a GPU 30)")
    parser.add_argument("--processor-time", action="store_true", help="one thread, and "
                        "its own time instead of the clock's: for a processor that has "
                        "other work as well")
    given = parser.parse_args(words)
    if given.device != "cpu" and not there:
        parser.error(f"there is no {given.device} here; leave --device out")
    if given.device != "cpu" and given.processor_time:
        parser.error("--processor-time is for --device cpu")
    given.rounds = given.rounds or (3 if given.device == "cpu" else 30)
    return given


def machine(place: Place) -> str:
    """The device in words, and what its times are."""
    if place.on_gpu:
        return torch.cuda.get_device_name()
    threads = f"processor, {torch.get_num_threads()} threads"
    own = place.clock is time.process_time
    return "processor, one thread, its own time" if own else threads


def main(words: Sequence[str] | None = None) -> None:
    """Print the limit, what was measured, and the paper's figure."""
    given = options(words)
    place = Place(given.device, uses_bfloat16(given.precision, given.device))
    if given.processor_time:
        torch.set_num_threads(1)
        place = place._replace(clock=time.process_time)
    torch.manual_seed(0)
    net = he(InstanceFCN()).eval().to(given.device, memory_format=torch.channels_last)
    image = scenes.make(3, size=SHAPE, objects=(20, 30)).image
    picture, zooms = to_tensor(image), default_zooms(net, SHAPE)
    sizes = [tuple(resize_image(picture, zoom, net.stride).shape[1:]) for zoom in zooms]
    print(f"VGG-16, 600 x 1.5^-4..1, one image of 500 x 375; {machine(place)}")
    least = print_limit(net, sizes, place)
    fast = fused(net)

    def network() -> None:
        for zoom in zooms:
            score_level(fast, picture, zoom, half=place.half)

    whole = partial(propose, net, image, precision=given.precision)
    warm_up = 5 if place.on_gpu else 1
    took = [median(seconds(run, place, given.rounds, warm_up))
            for run in (network, whole)]
    report(*took, least, given.rounds, place)


def report(network: float, whole: float, least: float, rounds: int,
           place: Place) -> None:
    """Say how near the limit it is, and what the paper had."""
    print(f"network, six scales: {1000 * network:.1f} ms (median of "
          f"{rounds}), {least / network:.0%} of the limit's speed")
    print(f"propose, 1000 masks: {1000 * whole:.1f} ms, {1 / whole:.3f} images a "
          f"second; at most {memory(place)}")
    print(f"the paper's own figure, on a K40: {PAPER} s an image")
    if place.on_gpu:
        print(f"the goal, 25 ms: {'met' if whole <= GOAL else 'not met'} here")
    else:
        print("the goal, 25 ms on a card like the H100, was not measured: this run was "
              "on the processor; on a GPU the same command measures it")


if __name__ == "__main__":
    main()
