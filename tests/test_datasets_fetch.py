"""A data set is fetched whole or not at all, and says what it is before."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from format_cases import NAMES, scenes, write_coco, write_nuclei, write_voc
from serving import Behaviour, no_proxy, serving

from ifcn_lab.__main__ import main
from ifcn_lab.data.catalogue import open_dataset
from ifcn_lab.data.downloads import fetch
from ifcn_lab.data.sources import SOURCES

__all__ = ["no_proxy"]  # a fixture


def zipped(root: Path) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(p for p in root.rglob("*") if p.is_file()):
            archive.write(path, path.relative_to(root))
    return packed.getvalue()


@pytest.fixture(scope="module")
def nuclei(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return zipped(write_nuclei(tmp_path_factory.mktemp("nuclei"), scenes()))


@pytest.fixture
def server(nuclei: bytes) -> Iterator[Behaviour]:
    with serving(Behaviour(nuclei)) as behaviour:
        yield behaviour


def told(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr().err.strip()
    assert said.startswith("ifcn-lab data: ") and "\n" not in said
    return said


def test_a_data_set_is_fetched_and_opens(
    server: Behaviour, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = tmp_path / "deep" / "nuclei"
    server.cuts = [1000]
    assert main(["data", "fetch", "dsb2018", "--to", str(to), "--url", server.url]) == 0
    said = capsys.readouterr().out
    assert "CC0, public domain" in said and "Kaggle" in said
    assert f"from: {server.url}" in said
    digest = hashlib.sha256(server.body).hexdigest()
    assert "no checksum is known" in said and f"--sha256: {digest}" in said
    assert f"--dataset dsb2018 --data {to}" in said
    assert [path.name for path in to.parent.iterdir()] == ["nuclei"]
    names = [s.name for s in open_dataset("dsb2018", to)]
    assert names == [*NAMES[:4], NAMES[5]]
    assert main(["data", "check", str(to)]) == 0
    assert "dsb2018 train: 5 images" in capsys.readouterr().out


def coco_parts(folder: Path) -> dict[str, bytes]:
    """The three archives of COCO, small."""
    root, bodies = write_coco(folder / "made", scenes(), 2017), {}
    for part in ("train2017", "val2017", "annotations"):
        (folder / part).mkdir()
        (root / part).rename(folder / part / part)
        bodies[part] = zipped(folder / part)
    return bodies


def test_three_archives_make_one_folder_and_whole_ones_are_not_loaded_again(
    tmp_path: Path
) -> None:
    bodies = coco_parts(tmp_path)
    sums = [hashlib.sha256(body).hexdigest() for body in bodies.values()]
    (tmp_path / "new").mkdir()
    to = tmp_path / "new" / "coco"
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(Behaviour(body)))
                   for body in bodies.values()]
        urls = [server.url for server in servers]
        servers[2].status = 404
        with pytest.raises(OSError, match="404"):
            fetch("coco2017", to, urls=urls, sha256=sums, tell=lambda _: None)
        assert [path.name for path in to.parent.iterdir()] == ["coco.partial"]
        servers[2].status = 200
        fetch("coco2017", to, urls=urls, sha256=sums, tell=lambda _: None)
        assert [len(server.asked) for server in servers] == [1, 1, 2]
    assert [path.name for path in to.parent.iterdir()] == ["coco"]
    assert len(open_dataset("coco", to)) + len(open_dataset("coco", to, "val")) == 6


def bad_tar(**more: object) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("link")
        for key, value in more.items():
            setattr(member, key, value)
        archive.addfile(member, io.BytesIO(bytes(member.size)))
    return packed.getvalue()


def test_archives_that_break_out_leave_nothing(
    server: Behaviour, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bodies = {
        "outside the destination": bad_tar(name="../../out.txt"),
        "an absolute path": bad_tar(type=tarfile.SYMTYPE, linkname="/tmp"),
        "is a special file": bad_tar(type=tarfile.CHRTYPE),
        "brings too much": bad_tar(size=150_000_000),
        "a whole zip or tar": server.body[: len(server.body) // 2],
        "expected a whole": b"<html>log in</html>",
    }
    for said, server.body in bodies.items():
        where = ["--to", str(tmp_path / "n"), "--url", server.url]
        assert main(["data", "fetch", "dsb2018", *where]) == 2
        assert said in told(capsys)
        assert list(tmp_path.iterdir()) == []


def packed(**files: bytes) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return body.getvalue()


EMPTY = {
    "nothing": packed(),
    "another thing": packed(readme=b"see the other archive"),
    "an empty tar": bad_tar(type=tarfile.DIRTYPE),
    "pictures without masks": packed(**{"a/images/a.png": b"1"}),
    "another data set": packed(**{"PennFudanPed/PNGImages/a.png": b"1"}),
}


@pytest.mark.parametrize("kind", EMPTY)
@pytest.mark.parametrize("how", ["--url", "--archive"])
def test_an_archive_that_holds_no_data_is_an_error(
    server: Behaviour, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str,
    how: str,
) -> None:
    server.body = EMPTY[kind]
    (tmp_path / "mine.zip").write_bytes(EMPTY[kind])
    given = server.url if how == "--url" else str(tmp_path / "mine.zip")
    where = ["--to", str(tmp_path / "n"), how, given]
    assert main(["data", "fetch", "dsb2018", *where]) == 2
    assert "the archive held no data of dsb2018" in told(capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.zip"]


def test_what_a_stranger_wrote_does_not_steer_the_terminal(
    server: Behaviour, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--to", str(tmp_path / "n"), "--url", server.url]
    server.body = bad_tar(name="\x1b[2J", type=tarfile.CHRTYPE)
    assert main(["data", "fetch", "dsb2018", *where]) == 2
    server.status, server.reason = 404, "\x1b[31mred\a"
    assert main(["data", "fetch", "dsb2018", *where]) == 2
    said = capsys.readouterr()
    assert not {"\x1b", "\a"} & set(said.out + said.err)
    assert r"404 \x1b[31mred\x07" in said.err


def test_published_and_given_sums_hold_for_other_addresses_and_files_too(
    server: Behaviour, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--to", str(tmp_path / "n")]
    assert main(["data", "fetch", "voc2012", *where, "--url", server.url]) == 2
    assert "has not the checksum md5:6cd6e144" in told(capsys)
    mine = tmp_path / "mine.zip"
    mine.write_bytes(server.body)
    given = ["--archive", str(mine)]
    assert main(["data", "fetch", "voc2012", *where, *given]) == 2
    assert "mine.zip: has not the checksum md5:6cd6e144" in told(capsys)
    given += ["--sha256", hashlib.sha256(server.body[1:]).hexdigest()]
    assert main(["data", "fetch", "dsb2018", *where, *given]) == 2
    assert f"mine.zip: has not the checksum sha256:{given[-1]}" in told(capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.zip"]
    given[-1] = hashlib.sha256(server.body).hexdigest()
    assert main(["data", "fetch", "dsb2018", *where, *given]) == 0
    assert "note down" not in capsys.readouterr().out


def test_a_server_that_says_no_leaves_nothing(
    server: Behaviour, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.status = 404
    where = ["--to", str(tmp_path / "n"), "--url", server.url]
    assert main(["data", "fetch", "dsb2018", *where]) == 2
    assert "the server says 404" in told(capsys)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_loaded_by_hand_is_used_and_kept(
    nuclei: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "stage1_train.zip"
    mine.write_bytes(nuclei)
    line = ["data", "fetch", "dsb2018", "--to", str(tmp_path / "n"), "--archive"]
    assert main([*line, str(mine)]) == 0
    assert mine.read_bytes() == nuclei and (tmp_path / "n" / NAMES[0]).is_dir()
    assert "--sha256: " in capsys.readouterr().out
    assert main([*line, str(mine)]) == 2
    assert "is there already" in told(capsys)
    (tmp_path / "empty").mkdir()
    fetch("dsb2018", tmp_path / "empty", archives=[mine], tell=lambda _: None)
    assert (tmp_path / "empty" / NAMES[0]).is_dir()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("coco2014 --archive one.zip", "train2014.zip, val2014.zip, annotations"),
        ("coco2014 --url http://127.0.0.1:1/a", "give one for each"),
        ("dsb2018 --archive a.zip --sha256 1 2", "give one for each, in this order"),
        ("dsb2018 --archive none.zip", "none.zip: there is no such archive"),
        ("dsb2018 --sha256 12ab", "12ab is no SHA-256 checksum; expected 64 digits"),
        ("dsb2018 --url no-address", "no-address"),
        ("dsb2018 --url file:///etc/passwd", "file:///etc/passwd"),
    ],
)
def test_what_cannot_be_fetched_is_one_sentence(
    tmp_path: Path, line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name, *rest = line.split()
    assert main(["data", "fetch", name, "--to", str(tmp_path / "n"), *rest]) == 2
    assert said in told(capsys)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_and_an_unknown_name_are_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ValueError, match="file: is there already"):
        fetch("dsb2018", tmp_path / "file")
    with pytest.raises(ValueError, match="no data set 'mnist' to fetch; there are voc"):
        fetch("mnist", tmp_path / "n")


def test_unpacking_that_is_stopped_leaves_no_folder(
    nuclei: bytes, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.zip"
    mine.write_bytes(nuclei)

    def stop(message: str) -> None:
        if message.startswith("unpacking"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("dsb2018", tmp_path / "n", archives=[mine], tell=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.zip"]
    half = tmp_path / "n.partial" / "unpacked"  # as a process that was killed leaves it
    half.mkdir(parents=True)
    (half / "half.png").write_bytes(b"")
    fetch("dsb2018", tmp_path / "n", archives=[mine], tell=lambda _: None)
    assert sorted(p.name for p in (tmp_path / "n").iterdir()) == NAMES
    assert not half.parent.exists()


def test_only_what_fetching_made_is_tidied_away(nuclei: bytes, tmp_path: Path) -> None:
    mine = tmp_path / "mine.zip"
    mine.write_bytes(nuclei)
    (tmp_path / "n.partial").mkdir()
    for name in ("thesis.tex", "tmp12ab"):  # the second as pooch leaves it when killed
        (tmp_path / "n.partial" / name).write_text("half")
    fetch("dsb2018", tmp_path / "n", archives=[mine], tell=lambda _: None)
    assert [path.name for path in (tmp_path / "n.partial").iterdir()] == ["thesis.tex"]


def test_the_list_needs_no_network_and_loads_nothing_heavy(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["data", "list"]) == 0
    said = capsys.readouterr().out
    assert all(f"{name}: " in said for name in SOURCES)
    assert "md5:82b4d87ceb2ed10f6038a1cba92111cb" in said and "2.0 GB" in said
    code = ("import sys; from ifcn_lab.__main__ import main; main(['data', 'list']); "
            "sys.exit(bool({'torch', 'numba', 'matplotlib'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert done.returncode == 0


def test_check_counts_and_names_what_is_broken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = scenes()
    root = write_voc(tmp_path / "voc", samples)
    assert main(["data", "check", str(root)]) == 0
    said = capsys.readouterr().out
    count = sum(len(sample.masks) for sample in samples[:4])
    assert f"4 images, {count} objects; 0 images without objects, 4 with" in said
    assert "64 x 80" in said and "voc2012 val: 2 images" in said
    sides = [max(np.ptp(np.nonzero(mask), axis=1)) + 1 for s in samples[:4]
             for mask in s.masks]
    assert f"longest sides of objects: {min(sides)} to {max(sides)} pixels" in said
    picture = next(root.rglob(f"{NAMES[1]}.jpg"))
    picture.write_bytes(b"hurt")
    assert main(["data", "check", str(root), "--dataset", "voc2012"]) == 1
    assert f"1 problems:\n    {picture}: cannot be read" in capsys.readouterr().out


def test_check_takes_files_lists_and_limits_and_says_what_it_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_coco(tmp_path / "coco", scenes())
    file = root / "annotations" / "instances_val2014.json"
    assert main(["data", "check", str(file), "--limit", "1"]) == 0
    said = capsys.readouterr().out
    assert "instances_val2014.json: 2 images" in said and "  1 images" in said
    file.rename(root / "annotations" / "mine.json")
    (root / "annotations" / "instances_train2014.json").unlink()
    images = ["--images", str(root / "val2014")]
    assert main(["data", "check", str(root), *images]) == 0
    assert "2 images" in capsys.readouterr().out
    voc = write_voc(tmp_path / "voc", scenes())
    (tmp_path / "list.txt").write_text(NAMES[5])
    assert main(["data", "check", str(voc), "--names", str(tmp_path / "list.txt")]) == 0
    assert "list.txt with 1 names: 1 images" in capsys.readouterr().out
    (tmp_path / "void").mkdir()
    assert main(["data", "check", str(tmp_path / "void")]) == 2
    assert "is no data set that is known; tried coco (" in told(capsys)


def test_a_whole_set_without_objects_is_a_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = [s._replace(masks=s.masks[:0], ids=(), categories=()) for s in scenes()]
    root = write_nuclei(tmp_path / "bare", bare)
    assert main(["data", "check", str(root)]) == 1
    assert "no image looked at holds an object" in capsys.readouterr().out
