"""Everything that can be measured without data of your own: `make bench`."""

from __future__ import annotations

from benchmarks import coins, importing, recipe, scenes

if __name__ == "__main__":
    for benchmark in (importing, scenes, coins, recipe):
        benchmark.main()
        print(flush=True)
