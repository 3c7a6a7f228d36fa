"""Two trainers in one folder: the second is told, and nothing of the first is hurt."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands_cases import SMALL, write_folder
from league_cases import tiny
from training_cases import one_thread

from ifcn_lab.__main__ import main
from ifcn_lab.league.trials import perform
from ifcn_lab.training.lock import sole_trainer

__all__ = ["one_thread"]  # a fixture
# It holds the lock, and has a child of its own as a trainer has loading processes.
HOLDER = """
import os, sys, time
from ifcn_lab.training.lock import sole_trainer
with sole_trainer(sys.argv[1]):
    if hasattr(os, "fork") and os.fork() == 0:
        sys.stdin.read()
        os._exit(0)
    print("held", flush=True)
    time.sleep(3600)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that trains in the folder `run`; its child outlives it."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "run" / "checkpoint.pt")]
    root = str(Path(__file__).parent.parent)
    with subprocess.Popen(command, text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE,
                          env=os.environ | {"PYTHONPATH": root}) as process:
        assert process.stdout and process.stdout.readline() == "held\n"
        yield process
        process.kill()


def options(tmp_path: Path) -> list[str]:
    data = write_folder(tmp_path / "data")
    return ["train", "--out", str(tmp_path / "run"), "--annotations", str(data),
            "--workers", "0", "--iterations", "1", *SMALL]


def test_a_second_trainer_is_told_and_a_killed_one_holds_nothing(
    holder: subprocess.Popen[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train, out = options(tmp_path), tmp_path / "run"
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    for more in ([], ["--resume"]):
        assert main([*train, *more]) == 2
        told = capsys.readouterr().err
        assert told == (f"ifcn-lab train: another process is training in {out}; wait "
                        "for its end, stop it, or give another folder\n")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    holder.kill()
    holder.wait()
    (out / "checkpoint.pt.partial").write_bytes(b"half")     # of an earlier version
    assert main(train) == 0
    assert capsys.readouterr().err == ""


def test_a_row_that_another_process_is_at_is_left_to_it(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    run = tiny(tmp_path / "league")
    run.folder.parent.mkdir()
    run.folder.symlink_to(tmp_path / "run", target_is_directory=True)
    with pytest.raises(BlockingIOError, match="another process is training in"):
        perform(run)
    assert run.result() is None


def test_the_lock_can_be_taken_again_by_who_holds_it(tmp_path: Path) -> None:
    with sole_trainer(tmp_path / "c.pt"), sole_trainer(tmp_path / "c.pt"):
        pass
    with sole_trainer(tmp_path / "a.pt"), sole_trainer(tmp_path / "b.pt"):
        pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, None])
@pytest.mark.skipif(os.name == "nt", reason="needs fcntl")
def test_a_folder_that_cannot_be_locked_is_told_and_trained_in(
    number: int | None, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch
) -> None:
    """As over some networks, which no test has; or a folder lies where it would be."""
    import fcntl

    def no_locks(*_: object) -> None:
        raise OSError(number, os.strerror(number or 0))

    if number is None:
        (tmp_path / "run" / "checkpoint.pt.lock").mkdir(parents=True)
    else:
        monkeypatch.setattr(fcntl, "flock", no_locks)
    assert main(options(tmp_path)) == 0
    told = capsys.readouterr().err
    assert f"{tmp_path / 'run'} cannot be locked" in told
    assert told.count("training goes on") == told.count("\n") == 1
    assert (tmp_path / "run" / "model.safetensors").is_file()
