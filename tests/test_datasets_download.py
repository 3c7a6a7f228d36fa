"""A download goes on where it was cut off, and never keeps wrong bytes."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from serving import Behaviour, no_proxy, serving

from ifcn_lab.data.download import download
from ifcn_lab.data.sources import Archive

__all__ = ["no_proxy"]  # a fixture
BODY = np.random.default_rng(0).bytes(1_000_000)
MD5 = f"md5:{hashlib.md5(BODY).hexdigest()}"


@pytest.fixture
def server() -> Iterator[Behaviour]:
    with serving(Behaviour(BODY)) as behaviour:
        yield behaviour


def fetched(server: Behaviour, folder: Path, **known: Any) -> Path:
    known = {"checksum": MD5} | known
    return download(Archive("data.bin", server.url, **known), folder)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_comes_whole_and_nothing_else_is_left(
    server: Behaviour, tmp_path: Path
) -> None:
    path = fetched(server, tmp_path / "new", size=len(BODY))
    assert path.read_bytes() == BODY
    assert names(tmp_path / "new") == ["data.bin"]
    assert server.asked == [""]


def test_a_cut_connection_is_taken_up_where_it_broke(
    server: Behaviour, tmp_path: Path
) -> None:
    server.cuts = [300_000, 100, 400_000]
    assert fetched(server, tmp_path).read_bytes() == BODY
    starts = [int(asked[6:-1]) for asked in server.asked[1:]]
    assert starts == [300_000, 300_100, 700_100]
    assert names(tmp_path) == ["data.bin"]


def test_what_came_is_kept_when_the_server_gives_up_and_the_next_call_goes_on(
    server: Behaviour, tmp_path: Path
) -> None:
    server.cuts = [250_000, 0, 0, 0]
    with pytest.raises(OSError, match=r"after 250\.0 kB.*data\.bin\.part.*go on"):
        fetched(server, tmp_path)
    assert (tmp_path / "data.bin.part").read_bytes() == BODY[:250_000]
    server.asked.clear()
    assert fetched(server, tmp_path).read_bytes() == BODY
    assert server.asked == ["bytes=250000-"]


def test_a_process_killed_in_the_middle_leaves_a_part_that_is_used(
    server: Behaviour, tmp_path: Path
) -> None:
    server.body, server.pause = BODY * 40, 0.05
    code = ("import sys; from pathlib import Path\n"
            "from ifcn_lab.data.download import download\n"
            "from ifcn_lab.data.sources import Archive\n"
            "download(Archive('data.bin', sys.argv[1]), Path(sys.argv[2]))")
    child = subprocess.Popen([sys.executable, "-c", code, server.url, str(tmp_path)])
    part = tmp_path / "data.bin.part"
    while child.poll() is None and not (part.exists() and part.stat().st_size):
        time.sleep(0.001)
    child.send_signal(signal.SIGKILL)
    child.wait()
    have, server.pause = part.stat().st_size, 0.0
    assert fetched(server, tmp_path, checksum=None).read_bytes() == server.body
    assert 0 < have < len(server.body) and server.asked[-1] == f"bytes={have}-"


def test_a_part_that_was_whole_already_is_not_loaded_again(
    server: Behaviour, tmp_path: Path
) -> None:
    server.cuts = [len(BODY) - 1, 0, 0, 0]
    with pytest.raises(OSError):
        fetched(server, tmp_path)
    with open(tmp_path / "data.bin.part", "ab") as part:
        part.write(BODY[-1:])
    server.asked.clear()
    assert fetched(server, tmp_path).read_bytes() == BODY
    assert server.asked == [f"bytes={len(BODY)}-"]


def test_a_server_without_ranges_is_asked_from_the_start(
    server: Behaviour, tmp_path: Path
) -> None:
    server.ranges, server.cuts = False, [300_000, 500_000]
    assert fetched(server, tmp_path).read_bytes() == BODY


def test_of_a_server_without_ranges_no_part_is_kept(
    server: Behaviour, tmp_path: Path
) -> None:
    server.ranges, server.cuts = False, [300_000] * 9
    with pytest.raises(OSError, match="nothing to go on from"):
        fetched(server, tmp_path)
    assert names(tmp_path) == []


def test_two_versions_of_a_file_are_never_put_together(
    server: Behaviour, tmp_path: Path
) -> None:
    server.cuts = [300_000, 0, 0, 0]
    with pytest.raises(OSError):
        fetched(server, tmp_path, checksum=None)
    server.body, server.mark = BODY[::-1], '"two"'
    assert fetched(server, tmp_path, checksum=None).read_bytes() == BODY[::-1]


def test_the_part_of_another_address_is_not_used(
    server: Behaviour, tmp_path: Path
) -> None:
    server.cuts = [300_000, 0, 0, 0]
    with pytest.raises(OSError):
        fetched(server, tmp_path)
    server.url, server.asked = f"{server.url}?mirror", []
    assert fetched(server, tmp_path).read_bytes() == BODY
    assert server.asked == [""]


def test_without_a_mark_or_a_sum_everything_is_asked_for_again(
    server: Behaviour, tmp_path: Path
) -> None:
    server.mark, server.cuts = "", [300_000]
    assert fetched(server, tmp_path, checksum=None).read_bytes() == BODY
    assert server.asked == ["", ""]


def test_wrong_bytes_are_deleted(server: Behaviour, tmp_path: Path) -> None:
    server.body = BODY[:-1] + b"x"
    with pytest.raises(ValueError, match="has not the checksum md5.*deleted"):
        fetched(server, tmp_path, size=len(BODY))
    assert names(tmp_path) == []


@pytest.mark.parametrize("status", [404, 403, 500])
def test_what_the_server_refuses_is_said(
    server: Behaviour, tmp_path: Path, status: int
) -> None:
    server.status, server.body = status, b"<html>no</html>"
    with pytest.raises(ValueError, match=f"the server says {status}.*--archive"):
        fetched(server, tmp_path)
    assert names(tmp_path) == []


def test_a_page_instead_of_the_file_is_noticed_by_its_size(
    server: Behaviour, tmp_path: Path
) -> None:
    server.body = b"<html>moved</html>"
    with pytest.raises(ValueError, match="18 bytes, the published one 1,000,000"):
        fetched(server, tmp_path, size=len(BODY))
    assert names(tmp_path) == []


def test_a_length_that_promises_too_much_ends_in_an_error(
    server: Behaviour, tmp_path: Path
) -> None:
    server.length, server.ranges = len(BODY) + 5, False
    with pytest.raises(OSError, match="data.bin"):
        fetched(server, tmp_path, checksum=None)
    assert names(tmp_path) == []


def test_a_length_that_promises_too_much_is_set_right_by_ranges(
    server: Behaviour, tmp_path: Path
) -> None:
    server.length = len(BODY) + 5
    assert fetched(server, tmp_path, checksum=None).read_bytes() == BODY
    assert server.asked == ["", f"bytes={len(BODY)}-"]


def test_a_length_that_promises_too_little_gives_a_wrong_sum(
    server: Behaviour, tmp_path: Path
) -> None:
    server.length = 1000
    with pytest.raises(ValueError, match="checksum"):
        fetched(server, tmp_path)
    assert names(tmp_path) == []


def test_without_a_length_the_end_is_where_the_connection_ends(
    server: Behaviour, tmp_path: Path
) -> None:
    server.length = -1
    assert fetched(server, tmp_path).read_bytes() == BODY


def test_more_than_the_published_size_is_not_read(
    server: Behaviour, tmp_path: Path
) -> None:
    server.length = -1
    with pytest.raises(ValueError, match="sends more than the 1,000 bytes"):
        fetched(server, tmp_path, size=1000)
    assert names(tmp_path) == []


def test_a_part_from_elsewhere_in_the_file_is_refused(
    server: Behaviour, tmp_path: Path
) -> None:
    server.wrong_start, server.cuts = True, [1000]
    with pytest.raises(ValueError, match="from 1000, the server sends bytes 1001"):
        fetched(server, tmp_path)
    assert not (tmp_path / "data.bin").exists()


def test_what_the_server_calls_compressed_is_kept_as_sent(
    server: Behaviour, tmp_path: Path
) -> None:
    server.encoding = "gzip"  # as servers say of a .tgz, and it must stay one
    assert fetched(server, tmp_path).read_bytes() == BODY


def test_too_little_room_is_said_with_both_numbers_before_anything_is_written(
    server: Behaviour, tmp_path: Path
) -> None:
    server.length = 10**16
    said = r"free, but 10,000\.0 TB .* about 30,000\.0 TB"
    with pytest.raises(ValueError, match=said):
        download(Archive("data.bin", server.url), tmp_path, growth=3.0)
    assert names(tmp_path) == []


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with serving(Behaviour()) as gone:
        pass
    with pytest.raises(OSError, match="127.0.0.1.* refused after 0 bytes"):
        fetched(gone, tmp_path)
    assert names(tmp_path) == []


def test_what_is_there_already_is_checked_and_not_loaded_again(
    server: Behaviour, tmp_path: Path
) -> None:
    fetched(server, tmp_path)
    fetched(server, tmp_path)
    assert len(server.asked) == 1
    (tmp_path / "data.bin").write_bytes(b"hurt")
    assert fetched(server, tmp_path).read_bytes() == BODY


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on a file's size")
def test_a_full_disk_is_said_and_what_came_is_kept(
    server: Behaviour, tmp_path: Path
) -> None:
    code = ("import resource, signal, sys; from pathlib import Path\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))\n"
            "from ifcn_lab.data.download import download\n"
            "from ifcn_lab.data.sources import Archive\n"
            "try: download(Archive('data.bin', sys.argv[1]), Path(sys.argv[2]))\n"
            "except OSError as error: print(error)")
    command = [sys.executable, "-c", code, server.url, str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True).stdout
    assert "cannot be written on" in told and "500.0 kB are kept" in told
    assert (tmp_path / "data.bin.part").read_bytes() == BODY[:500_000]
    assert fetched(server, tmp_path, checksum=None).read_bytes() == BODY
    assert server.asked[-1] == "bytes=500000-"
