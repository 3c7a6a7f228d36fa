"""Other libraries beside ours: same pictures, same processor time, from nothing.

    make peers                          an environment of its own, then all
    python -m benchmarks.peers          what is installed, scenes then nuclei
    python -m benchmarks.peers --table  the tables of what was kept, into peers.md
    python -m benchmarks.peers --speed  torchvision's operators beside ours

Each runs in a process with one thread and leaves one JSON file in --out; a result that
is there is not made again, so the command goes on where it was stopped.
"""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from importlib.util import find_spec
from pathlib import Path

from benchmarks.peers import speed, table

HERE = Path(__file__).parent
PAGE, OUT = HERE.parent / "peers.md", HERE.parent / "results/peers"
DATASETS = ("scenes", "nuclei")
NEEDS = {"instancefcn": "torch", "mask_rcnn": "torch", "torchvision": "torchvision",
         "cellpose": "cellpose", "ultralytics": "ultralytics", "stardist": "stardist"}
ALONE = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
         "NUMBA_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE",
         "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1",
         "TF_USE_LEGACY_KERAS": "0", "CUDA_VISIBLE_DEVICES": "", "YOLO_OFFLINE": "true"}


def run(peer: str, dataset: str, given: Namespace) -> None:
    """One trial in its own process, unless its result is there."""
    kept = given.out / f"{dataset}-{peer}.json"
    if kept.exists():
        return
    if find_spec(NEEDS[peer]) is None:
        print(f"{peer}: not installed here", flush=True)
        return
    print(f"{peer} on {dataset}", flush=True)
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.peers.trial", peer, dataset,
         str(given.seconds), str(given.root), str(kept), str(given.first)],
        env={**os.environ, **ALONE}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, errors="replace")
    if ended.returncode:
        print(f"{peer} on {dataset} failed:\n{ended.stderr[-2000:]}", flush=True)


def main() -> None:
    """Run what is not kept yet, then write the tables."""
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasets", nargs="+", choices=DATASETS, default=DATASETS)
    parser.add_argument("--peers", nargs="+", choices=NEEDS, default=list(NEEDS))
    parser.add_argument("--seconds", type=float, default=300.0, help="of the processor")
    parser.add_argument("--root", type=Path, default=Path(
        "../shared/data/dsb2018_fluor"), help="where the nuclei lie")
    parser.add_argument("--first", type=int, default=0, metavar="N",
                        help="only so many pictures, to try it")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--table", action="store_true", help="only the tables")
    parser.add_argument("--speed", action="store_true", help="only the operators")
    given = parser.parse_args()
    if given.speed:
        print(speed.page())
        return
    given.out.mkdir(parents=True, exist_ok=True)
    for dataset in given.datasets if not given.table else ():
        for peer in given.peers:
            run(peer, dataset, given)
    print(table.write(given.out, PAGE if given.out == OUT else None))


if __name__ == "__main__":
    main()
