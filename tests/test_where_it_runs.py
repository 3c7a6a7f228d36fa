"""Wherever a command runs, it works or says in one sentence why it cannot.

Each case is a process of its own, in a place that people had trouble with.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from commands_cases import write_folder

from ifcn_lab.models.instancefcn import InstanceFCN

resource = pytest.importorskip("resource", reason="Windows has no such limits")
ROOT = Path(__file__).parent.parent
SMALL = "--iterations 2 --options k=2 m=7 --batch 2 --crop 48 --workers 2"
# Each command, and a file that it makes.
COMMANDS = {
    "help": ("--help", None),
    "doctor": ("doctor", None),
    "demo": ("demo --out {out}/coins.png", "coins.png"),
    "segment": ("segment {data}/images/0.png --weights {data}/net.safetensors "
                "--out {out}/o.png --json {out}/found.json", "found.json"),
    "list": ("data list", None),
    "check": ("data check {data}/scenes.json --fix {out}/fixed.json", "fixed.json"),
    "train": ("train --annotations {data}/scenes.json --out {out}/run " + SMALL,
              "run/model.safetensors"),
    "evaluate": ("evaluate --annotations {data}/scenes.json --workers 1 --weights "
                 "{data}/net.safetensors --json {out}/ar.json", "ar.json"),
    "reproduce": ("reproduce table1 --dataset scenes --out {out} --iterations 1 "
                  "--every 99 --seeds 1 --rows maps-k1", "tables.md"),
    "export": ("export-widgets --out {out}", "index.html"),
    "assignment": ("assignment --lesson 3 --seed 1 --out {out}/hand", "hand"),
    "grade": ("grade {data} --key {data}/none.json --report {out}/g.csv", None),
    "inventory": ("inventory page --out {out}/before.html", "before.html"),
}
QUICK = ("help", "list", "check", "inventory")
# No place for caches, a narrow console in another encoding, no docstrings, few files.
POOR = {
    "HOME": "/etc/passwd", "MPLCONFIGDIR": None, "NUMBA_CACHE_DIR": None,
    "XDG_CACHE_HOME": None, "TMPDIR": "/nowhere", "PYTHONOPTIMIZE": "2",
    "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0", "LC_ALL": "xx_YY", "TERM": "dumb",
    "COLUMNS": "20", "MPLBACKEND": "TkAgg", "OMP_NUM_THREADS": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_folder(tmp_path_factory.mktemp("data") / "in", count=2).parent
    InstanceFCN(2, 7, "small", sizes=(16.0, 16.0)).save(folder / "net.safetensors")
    return folder


class Ran:
    """One command that has run in some place."""

    def __init__(
        self, name: str, data: Path, out: Path, *, shell: str = 'exec "$@"',
        before: Callable[[], None] | None = None, **variables: str | None,
    ) -> None:
        line, self.made = COMMANDS[name]
        words = shlex.split(line.format(data=data, out=out))
        env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | variables
        done = subprocess.run(
            ["bash", "-c", shell, "bash", sys.executable, "-m", "ifcn_lab", *words],
            env={key: value for key, value in env.items() if value is not None},
            cwd=out, capture_output=True, preexec_fn=before)
        self.name, self.out, self.status = name, out, done.returncode
        self.printed = done.stdout.decode("utf-8", "replace")
        self.told = done.stderr.decode("utf-8", "replace")

    def works(self) -> None:
        """Assert that all is done; the key that `grade` needs is missing everywhere."""
        assert "Traceback" not in self.told and "ignored" not in self.told, self.told
        expected = {"grade": (2,), "doctor": (0, 1)}.get(self.name, (0,))
        assert self.status in expected, self.told
        assert self.made is None or (self.out / self.made).exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_poor_place_and_a_reader_that_leaves_stop_no_work(
    name: str, data: Path, tmp_path: Path
) -> None:
    few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))  # noqa: E731
    ran = Ran(name, data, tmp_path, before=few, **POOR,
              shell='umask 077; "$@" | true; exit ${PIPESTATUS[0]}')
    ran.works()
    assert "pipe" not in ran.told


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_closed_streams_and_others_warnings_stop_no_work(
    name: str, data: Path, tmp_path: Path
) -> None:
    Ran(name, data, tmp_path, shell='exec "$@" <&- >&- 2>&-',
        PYTHONWARNINGS="error").works()


@pytest.mark.parametrize("name", QUICK)
def test_what_a_full_disk_does_not_print_is_told(
    name: str, data: Path, tmp_path: Path
) -> None:
    ran = Ran(name, data, tmp_path, shell='exec "$@" >/dev/full')
    assert ran.status == 2 and ran.told.count("\n") == 1
    assert "standard output takes no more (No space left on device)" in ran.told
    assert ran.made is None or (tmp_path / ran.made).exists()


@pytest.mark.parametrize("name", ["check", "segment", "inventory"])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    name: str, data: Path, tmp_path: Path
) -> None:
    none = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # noqa: E731
    ran = Ran(name, data, tmp_path, before=none, PYTHONDONTWRITEBYTECODE="1")
    assert ran.status == 2 and "Traceback" not in ran.told
    assert "File too large" in ran.told.splitlines()[-1]
    assert not (tmp_path / ran.made).exists()


@pytest.mark.parametrize("name", QUICK)
def test_a_folder_that_is_gone_does_not_matter(
    name: str, data: Path, tmp_path: Path
) -> None:
    gone = 'mkdir gone; cd gone; rmdir ../gone; exec "$@"'
    Ran(name, data, tmp_path, shell=gone).works()


MOUNTS = {
    "no room in /dev/shm": "mount -t tmpfs -o size=64k tmpfs /dev/shm",
    "no /dev/shm": "mount -t tmpfs -o ro tmpfs /dev/shm",
    "a read-only package and home":
        f"mount --bind {ROOT} {ROOT}; mount -o remount,ro,bind {ROOT}; "
        'mount -t tmpfs -o ro tmpfs "$HOME"; unset NUMBA_CACHE_DIR MPLCONFIGDIR',
}
SAYS = {"no room in /dev/shm": "shared memory (/dev/shm) is full",
        "no /dev/shm": "no process to load images can be started"}


@pytest.mark.slow
@pytest.mark.parametrize("place", MOUNTS)
def test_training_gets_by_without_memory_to_share_or_a_place_to_write(
    place: str, data: Path, tmp_path: Path
) -> None:
    inside = f"set -e; {MOUNTS[place]}; exec \"$@\""
    apart = ["unshare", "--mount", "sh", "-c"]
    home = {"HOME": str(tmp_path / "home")}
    (tmp_path / "home").mkdir()
    if subprocess.run([*apart, inside, "sh", "true"], env=os.environ | home,
                      capture_output=True).returncode:
        pytest.skip("no mount name space here")
    ran = Ran("train", data, tmp_path, **home,
              shell=shlex.join([*apart, inside]) + ' sh "$@"')
    ran.works()
    assert SAYS.get(place, "") in ran.told


def test_nothing_that_is_printed_steers_a_terminal(data: Path, tmp_path: Path) -> None:
    file = data / "scenes.json"
    text = file.read_text().replace('"0.png"', r'"\u001b[2J\u0007.png"')
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "scenes.json").write_text(text)
    (tmp_path / "in" / "images").symlink_to(data / "images")
    ran = Ran("check", tmp_path / "in", tmp_path)
    assert ran.status == 1 and r"\x1b[2J\x07.png" in ran.told
    assert not {"\x1b", "\a"} & set(ran.printed + ran.told)
