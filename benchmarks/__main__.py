"""Everything that can be measured without data of your own: `make bench`."""

from __future__ import annotations

from benchmarks import (
    assembling,
    coins,
    convolutions,
    felt,
    frames,
    importing,
    laptop,
    lessons,
    page,
    paper_scale,
    proposing,
    recipe,
    recognition,
    scenes,
    size,
    training_step,
)

EVERY = (importing, felt, assembling, training_step, convolutions, proposing, frames,
         page, scenes, coins, recipe, laptop, recognition, paper_scale, lessons, size)

if __name__ == "__main__":
    for benchmark in EVERY:
        benchmark.main()
        print(flush=True)
