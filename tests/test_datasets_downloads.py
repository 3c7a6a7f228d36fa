"""A download comes whole and right, or not at all, and says why."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from serving import Behaviour, no_proxy, serving

from ifcn_lab.data.downloads import download
from ifcn_lab.data.sources import SOURCES, Archive

__all__ = ["no_proxy"]  # a fixture
BODY = np.random.default_rng(0).bytes(1_000_000)
MD5 = f"md5:{hashlib.md5(BODY).hexdigest()}"


@pytest.fixture
def server() -> Iterator[Behaviour]:
    with serving(Behaviour(BODY)) as behaviour:
        yield behaviour


def fetched(server: Behaviour, folder: Path, tries: int = 1, **known: Any) -> Path:
    known = {"checksum": MD5} | known
    return download(Archive("data.bin", server.url, **known), folder, tries)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("checksum", [MD5, None,
                                      f"sha256:{hashlib.sha256(BODY).hexdigest()}"])
def test_a_file_comes_whole_and_nothing_else_is_left(
    server: Behaviour, tmp_path: Path, checksum: str | None
) -> None:
    path = fetched(server, tmp_path / "new", checksum=checksum)
    assert path.read_bytes() == BODY
    assert names(tmp_path / "new") == ["data.bin"]
    assert len(server.asked) == 1


def test_a_cut_connection_is_tried_again(server: Behaviour, tmp_path: Path) -> None:
    server.cuts = [300_000, 100]
    assert fetched(server, tmp_path, tries=3, checksum=None).read_bytes() == BODY
    assert len(server.asked) == 3
    assert names(tmp_path) == ["data.bin"]


@pytest.mark.parametrize("cut", [0, 300_000, 999_999])
def test_a_connection_that_keeps_breaking_leaves_nothing(
    server: Behaviour, tmp_path: Path, cut: int
) -> None:
    server.cuts = [cut]
    with pytest.raises(OSError, match=r"data\.bin: cannot be downloaded .*broke off"):
        fetched(server, tmp_path, checksum=None)
    assert names(tmp_path) == []


def test_wrong_bytes_are_deleted(server: Behaviour, tmp_path: Path) -> None:
    server.body = BODY[:-1] + b"x"
    with pytest.raises(ValueError, match="has not the checksum md5.*deleted"):
        fetched(server, tmp_path)
    assert names(tmp_path) == []


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


@pytest.mark.parametrize("length", [None, -1])
def test_much_more_than_the_published_size_is_not_read(
    server: Behaviour, tmp_path: Path, length: int | None
) -> None:
    server.length = length
    with pytest.raises(OSError, match=r"sends more than 2\.0 kB"):
        fetched(server, tmp_path, size=1000)
    assert names(tmp_path) == []


def test_an_archive_of_unknown_size_may_not_fill_the_disk(
    server: Behaviour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ifcn_lab.data.downloads.MOST_UNKNOWN", 500_000)
    server.length = -1
    with pytest.raises(OSError, match=r"sends more than 500\.0 kB"):
        fetched(server, tmp_path, checksum=None)
    assert names(tmp_path) == []


def test_what_the_server_calls_compressed_is_kept_as_sent(
    server: Behaviour, tmp_path: Path
) -> None:
    server.encoding = "gzip"  # as servers say of a .tgz, and it must stay one
    assert fetched(server, tmp_path).read_bytes() == BODY


def test_too_little_room_is_said_with_both_numbers(
    server: Behaviour, tmp_path: Path
) -> None:
    server.length = 10**16
    with pytest.raises(OSError, match=r"free, but about 10,000\.0 TB are needed"):
        fetched(server, tmp_path)
    assert names(tmp_path) == []


@pytest.mark.parametrize(("status", "tries"), [(404, 1), (503, 2)])
def test_what_the_server_says_is_passed_on(
    server: Behaviour, tmp_path: Path, status: int, tries: int
) -> None:
    server.status = status
    with pytest.raises(OSError, match=rf"data\.bin.*{status}"):
        fetched(server, tmp_path, tries=2)
    assert names(tmp_path) == [] and len(server.asked) == tries


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with serving(Behaviour()) as gone:
        pass
    with pytest.raises(OSError, match=r"127\.0\.0\.1.*refused"):
        fetched(gone, tmp_path)
    assert names(tmp_path) == []


@pytest.mark.parametrize("address", ["no-address", "file:///etc/passwd", ""])
def test_only_http_is_an_address(tmp_path: Path, address: str) -> None:
    with pytest.raises(ValueError, match=f"^{address}: is no address"):
        download(Archive("data.bin", address), tmp_path)


def test_what_is_there_already_is_checked_and_not_loaded_again(
    server: Behaviour, tmp_path: Path
) -> None:
    fetched(server, tmp_path)
    fetched(server, tmp_path)
    assert len(server.asked) == 1
    (tmp_path / "data.bin").write_bytes(b"hurt")
    assert fetched(server, tmp_path).read_bytes() == BODY


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on a file's size")
def test_a_full_disk_is_said_and_nothing_is_left(
    server: Behaviour, tmp_path: Path
) -> None:
    code = ("import resource, signal, sys; from pathlib import Path\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))\n"
            "from ifcn_lab.data.downloads import download\n"
            "from ifcn_lab.data.sources import Archive\n"
            "try: download(Archive('data.bin', sys.argv[1]), Path(sys.argv[2]))\n"
            "except OSError as error: print(error)")
    command = [sys.executable, "-c", code, server.url, str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True).stdout
    assert "too large" in told and names(tmp_path) == []


def test_every_source_has_a_licence_and_opens() -> None:
    from ifcn_lab.data.catalogue import DATASETS

    for source in SOURCES.values():
        assert source.licence and source.opens in DATASETS
        for archive in source.archives:
            assert archive.url.endswith(archive.name)
            assert archive.checksum is None or len(archive.checksum) == 4 + 32
