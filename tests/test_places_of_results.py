"""Where results go: asked before the work, and whole whatever comes between."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ifcn_lab.__main__ import main
from ifcn_lab.atomic_write import write_whole

LINES = [
    "evaluate --annotations no.json --json {file}/found.json",
    "evaluate --annotations no.json --save {file}/found.json",
    "segment no.png --json {file}/found.json",
    "reproduce table1 --dataset scenes --out {file}/tables",
    "data check {file} --fix {file}/fixed.json",
    "demo --out {file}/coins.png",
    "export-widgets --out {file}/site",
    "inventory page --out {file}/before.html",
    "inventory summary nowhere --out {file}/summary.csv",
    "assignment --lesson all --seed 1 --out {file}/handout",
    "assignment --lesson all --seed 1 --out {new}/handout --key {file}/key",
    "exam --seed 1 --out {file}/exam",
    "exam --seed 1 --out {new}/exam --key {file}/key",
]


OTHERWISE = {"ifcn_lab/atomic_write.py", "ifcn_lab/training/checkpoint.py",
             "ifcn_lab/data/downloads.py",       # an archive on its way, in a folder
             "ifcn_course/grading/pile.py"}      # a student's files, to be graded


def test_files_are_written_in_one_way() -> None:
    root = Path(__file__).parent.parent
    writing = re.compile(r"""\.write_(text|bytes)\(|os\.replace|\bopen\([^)]*"w""")
    found = {path.relative_to(root).as_posix()
             for package in ("ifcn_lab", "ifcn_course")
             for path in (root / package).rglob("*.py")
             for line in path.read_text("utf-8").splitlines()
             if writing.search(line) and ">>>" not in line and "... " not in line
             and "replacing(" not in line and "enter_context" not in line}
    assert found <= OTHERWISE


@pytest.mark.parametrize("line", LINES)
def test_a_place_that_cannot_be_is_told_at_once(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is missing besides (no.json) would be told later, so was not looked for."""
    (tmp_path / "file").write_text("what was there")
    words = line.format(file=tmp_path / "file", new=tmp_path / "new").split()
    assert main(words) == 2
    said = capsys.readouterr()
    assert "/file is a file, so " in said.err and said.err.count("\n") == 1
    assert said.out == "" and os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "what was there"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0,
                    reason="root writes into any folder")
def test_a_folder_that_may_not_be_written_is_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.chmod(0o500)
    assert main(["inventory", "page", "--out", str(tmp_path / "a.html")]) == 2
    assert "cannot be written; give another place" in capsys.readouterr().err
    tmp_path.chmod(0o700)


def texts(folder: Path) -> dict[str, str]:
    """What lies in the folders of students and lecturer, by name."""
    return {path.name: path.read_text("utf-8") for place in ("out", "out_key")
            for path in (folder / place).iterdir() if path.is_file()}


def test_a_killed_assignment_leaves_the_old_key_and_handout(tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    line = ["assignment", "--lesson", "3", "--seed", "9", "--out", out]
    assert main([*line, "--secret", "old"]) == 0
    old = texts(tmp_path)
    program = ("import os, sys, time\nfrom ifcn_lab.__main__ import main\n"
               "def hang(*_):\n    print(flush=True)\n    time.sleep(600)\n"
               "os.fsync = hang\nmain(sys.argv[1:])")   # when all is written, unnamed
    with subprocess.Popen([sys.executable, "-c", program, *line, "--force", "--secret",
                           "new"], stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
    assert len(old) == 2 and texts(tmp_path) == old
    assert main([*line, "--force", "--secret", "new"]) == 0
    assert texts(tmp_path).keys() == old.keys()
    assert all(text != old[name] for name, text in texts(tmp_path).items())


FULL = """\
import resource, signal, sys
from ifcn_lab.__main__ import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
sys.exit(main(sys.argv[1:]))"""


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
@pytest.mark.parametrize(("line", "files"), [
    ("assignment --lesson 3 --seed 9 --force --out {here}/out",
     ["out/03_assembling_9.ipynb", "out_key/03_assembling_9.key.json"]),
    ("inventory page --out {here}/page.html", ["page.html"]),
])
def test_no_space_leaves_the_old_files(
    line: str, files: list[str], tmp_path: Path
) -> None:
    for name in files:
        write_whole(tmp_path / name, "old")
    done = subprocess.run([sys.executable, "-c", FULL,
                           *line.format(here=tmp_path).split()],
                          capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    for name in files:
        assert (tmp_path / name).read_text() == "old"
        assert [path.name for path in (tmp_path / name).parent.iterdir()
                if path.name.startswith(".")] == []
