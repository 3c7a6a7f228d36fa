"""Two processes under torchrun, one of them killed: the others say so and end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands_cases import SMALL, write_folder
from training_cases import one_thread

from ifcn_lab.__main__ import main
from ifcn_lab.training import load_checkpoint

ROOT = Path(__file__).parent.parent
__all__ = ["one_thread"]  # a fixture


def torchrun(out: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2",
               "-m", "ifcn_lab", "train", "--out", str(out), *more]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True,
                            stdout=subprocess.PIPE,
                            env=os.environ | {"OMP_NUM_THREADS": "1"})


def trainers(launcher: int) -> list[int]:
    """The processes that torchrun started, in the order of their numbers."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True)
    pairs = [map(int, line.split()) for line in listed.stdout.splitlines()]
    return sorted(pid for pid, parent in pairs if parent == launcher)


def wait_for_steps(log: Path, count: int, process: subprocess.Popen[str]) -> None:
    for _ in range(12_000):
        if log.exists() and len(log.read_text().splitlines()) > count:
            return
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    raise TimeoutError(f"no {count} steps in ten minutes")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL and gloo")
@pytest.mark.skipif(not shutil.which("ps"), reason="needs ps to find the processes")
def test_a_killed_process_ends_the_run_and_one_process_goes_on(tmp_path: Path) -> None:
    out, data = tmp_path / "run", write_folder(tmp_path / "data")
    small = [*SMALL, "--every", "1000"]
    run = torchrun(out, "--annotations", str(data), "--iterations", "100000",
                   "--workers", "1", *small)
    wait_for_steps(out / "log.csv", 3, run)
    os.kill(trainers(run.pid)[1], signal.SIGKILL)
    printed, told = run.communicate(timeout=600)
    assert run.returncode != 0
    assert "4 images a step: 2 batches of 2, shared by 2 processes" in printed
    assert "ifcn-lab train: process 0 lost contact with another process" in told
    done = load_checkpoint(out / "checkpoint.pt")["iteration"]
    assert done >= 3
    assert main(["train", "--out", str(out), "--resume", "--workers", "0",
                 "--iterations", str(done + 1)]) == 0
    rows = (out / "log.csv").read_text().splitlines()[1:]
    assert [int(row.split(",")[0]) for row in rows] == list(range(1, done + 2))
    assert load_checkpoint(out / "checkpoint.pt")["notes"]["accumulate"] == 2
