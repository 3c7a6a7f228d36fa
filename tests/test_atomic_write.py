"""Files that are whole or absent."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ifcn_lab.atomic_write import check_writable, replacing, write_whole


def test_what_fails_half_way_leaves_the_old_file_and_nothing_beside(
        tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    write_whole(path, "old")
    with pytest.raises(RuntimeError), replacing(path) as new:
        new.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["figures.json"]


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    write_whole(path, "old")
    program = ("import sys, time\nfrom ifcn_lab.atomic_write import replacing\n"
               "with replacing(sys.argv[1]) as new:\n"
               "    new.write_text('half')\n    print(flush=True)\n    time.sleep(600)")
    with subprocess.Popen([sys.executable, "-c", program, str(path)],
                          stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
    assert path.read_text() == "old"


@pytest.mark.skipif(os.name != "posix", reason="modes and links of POSIX")
def test_mode_and_link_stay(tmp_path: Path) -> None:
    path = tmp_path / "real.csv"
    write_whole(path, b"1")
    path.chmod(0o640)
    link = tmp_path / "link.csv"
    link.symlink_to(path)
    write_whole(link, "2\r\n")
    assert link.is_symlink()
    assert path.read_bytes() == b"2\r\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.skipif(os.name != "posix", reason="a pipe with a name")
def test_what_is_no_file_is_written_as_it_stands() -> None:
    program = ("from ifcn_lab.atomic_write import write_whole\n"
               "write_whole('/dev/stdout', 'to the pipe')")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True)
    assert done.stdout == b"to the pipe"


def test_a_place_that_cannot_be_written_is_told_first(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="file is a file"):
        check_writable(tmp_path / "file" / "out.json")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        check_writable(tmp_path)
    check_writable(tmp_path / "made" / "later" / "out.json")
