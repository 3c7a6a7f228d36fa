"""ImageNet's VGG-16 from an address: checked, kept once, or refused and not kept."""

from __future__ import annotations

import copy
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from initial_cases import State, holds, net, state
from serving import Behaviour, no_proxy, serving
from training_cases import one_thread

from ifcn_lab.data.sources import Archive
from ifcn_lab.layers import pretrained
from ifcn_lab.layers.pretrained import initialise
from ifcn_lab.models.instancefcn import InstanceFCN

__all__ = ["net", "no_proxy", "one_thread", "state"]  # fixtures


@pytest.fixture(params=["vgg16", "vgg16-caffe"])
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def server(
    state: State, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Behaviour]:
    """A server that has the named file, and an empty cache."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    body = io.BytesIO()
    torch.save(state | {"classifier.6.bias": torch.zeros(3)}, body)
    stem = pretrained.SOURCES[name].name.rpartition("-")[0]
    file = f"{stem}-{hashlib.sha256(body.getvalue()).hexdigest()[:8]}.pth"
    with serving(Behaviour(body.getvalue()), file) as behaviour:
        monkeypatch.setitem(pretrained.SOURCES, name, Archive(file, behaviour.url))
        yield behaviour


def kept(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "torch").rglob("*")
                  if path.is_file())


def test_a_named_source_is_fetched_once_checked_and_kept(
    net: InstanceFCN, state: State, server: Behaviour, tmp_path: Path, name: str
) -> None:
    for _ in range(2):
        initialise(net, name)
    assert holds(net, state)
    assert net.normalisation == ("caffe" if name == "vgg16-caffe" else "imagenet")
    assert server.asked == [f"/{file}" for file in kept(tmp_path)]
    assert len(server.asked) == 1


def test_the_names_stand_for_torchvisions_files() -> None:
    files = {name: archive.name for name, archive in pretrained.SOURCES.items()}
    assert files == {"vgg16": "vgg16-397923af.pth",
                     "vgg16-caffe": "vgg16_features-amdegroot-88682ab5.pth"}
    for archive in pretrained.SOURCES.values():
        assert archive.url.endswith(f"/{archive.name}")


def test_a_cut_connection_is_tried_again(
    net: InstanceFCN, state: State, server: Behaviour, tmp_path: Path, name: str
) -> None:
    server.cuts = [len(server.body) // 2]
    initialise(net, name)
    assert holds(net, state) and len(kept(tmp_path)) == 1


def test_wrong_bytes_leave_nothing(
    net: InstanceFCN, server: Behaviour, tmp_path: Path, name: str
) -> None:
    before, wrong = copy.deepcopy(net.backbone.state_dict()), bytearray(server.body)
    wrong[len(wrong) // 2] ^= 1
    server.body = bytes(wrong)
    with pytest.raises(ValueError, match=r"-\w+\.pth was damaged .*was deleted"):
        initialise(net, name)
    assert kept(tmp_path) == []
    assert holds(net, before)


def test_a_file_the_server_does_not_have_is_an_os_error(
    net: InstanceFCN, server: Behaviour, tmp_path: Path, name: str
) -> None:
    server.status = 404
    with pytest.raises(OSError, match=r"vgg16.*the server says 404"):
        initialise(net, name)
    assert kept(tmp_path) == []


def test_a_broken_file_that_is_kept_already_is_deleted(
    net: InstanceFCN, state: State, server: Behaviour, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / pretrained.SOURCES[name].name).write_bytes(b"half a file")
    with pytest.raises(ValueError, match="try again"):
        initialise(net, name)
    initialise(net, name)
    assert holds(net, state)
