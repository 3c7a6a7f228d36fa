"""ImageNet's VGG-16 from an address: checked, kept once, or refused and not kept."""

from __future__ import annotations

import copy
import hashlib
import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from initial_cases import State, holds, net, state
from training_cases import one_thread

from ifcn_lab.layers import pretrained as initial
from ifcn_lab.layers.pretrained import initialise
from ifcn_lab.models.instancefcn import InstanceFCN

__all__ = ["net", "one_thread", "state"]  # fixtures


class Host:
    """A local HTTP server: files by name, each with the share of it that is sent."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[bytes, float]] = {}
        self.asked: list[str] = []
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host.asked.append(self.path[1:])
                if self.path[1:] not in host.files:
                    self.send_error(404)
                    return
                content, share = host.files[self.path[1:]]
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: int(share * len(content))])

            def log_message(self, *words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    found = Host()
    yield found
    found.server.shutdown()
    found.server.server_close()


def content_of(state: State) -> bytes:
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


def named(content: bytes, stem: str = "vgg16") -> str:
    return f"{stem}-{hashlib.sha256(content).hexdigest()[:8]}.pth"


def kept(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "torch").rglob("*")
                  if path.is_file())


@pytest.mark.parametrize(("name", "normalisation"),
                         [("vgg16", "imagenet"), ("vgg16-caffe", "caffe")])
def test_a_named_source_is_fetched_once_checked_and_kept(
    net: InstanceFCN, state: State, host: Host, tmp_path: Path, name: str,
    normalisation: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = content_of(state | {"classifier.6.bias": torch.zeros(3)})
    stem = initial.SOURCES[name].rpartition("/")[2].rpartition("-")[0]
    file = named(content, stem)
    host.files[file] = content, 1.0
    monkeypatch.setitem(initial.SOURCES, name, host.address + file)
    for _ in range(2):
        initialise(net, name)
    assert holds(net, state)
    assert net.normalisation == normalisation
    assert host.asked == [file] == kept(tmp_path)


def test_the_names_stand_for_torchvisions_files() -> None:
    files = {name: address.rpartition("/")[2]
             for name, address in initial.SOURCES.items()}
    assert files == {"vgg16": "vgg16-397923af.pth",
                     "vgg16-caffe": "vgg16_features-amdegroot-88682ab5.pth"}


@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_a_cut_connection_leaves_nothing(
    net: InstanceFCN, state: State, host: Host, tmp_path: Path, share: float
) -> None:
    content = content_of(state)
    host.files[named(content)] = content, share
    with pytest.raises(ValueError, match="not that file.*Nothing was kept"):
        initialise(net, host.address + named(content))
    assert kept(tmp_path) == []
    host.files[named(content)] = content, 1.0
    initialise(net, host.address + named(content))
    assert holds(net, state)


def test_wrong_bytes_leave_nothing(
    net: InstanceFCN, state: State, host: Host, tmp_path: Path
) -> None:
    content, before = content_of(state), copy.deepcopy(net.backbone.state_dict())
    wrong = bytearray(content)
    wrong[len(wrong) // 2] ^= 1
    host.files[named(content)] = bytes(wrong), 1.0
    with pytest.raises(ValueError, match=r"vgg16-\w+\.pth are not that file"):
        initialise(net, host.address + named(content))
    assert kept(tmp_path) == []
    assert holds(net, before)


def test_a_file_the_server_does_not_have_is_an_os_error(
    net: InstanceFCN, host: Host, tmp_path: Path
) -> None:
    with pytest.raises(OSError, match=r"cannot be fetched .*404.*give the file"):
        initialise(net, host.address + "vgg16-0123abcd.pth")
    assert kept(tmp_path) == []


def test_a_server_that_is_not_there_is_an_os_error(
    net: InstanceFCN, host: Host
) -> None:
    host.server.shutdown()
    host.server.server_close()
    with pytest.raises(OSError, match="cannot be fetched"):
        initialise(net, host.address + "vgg16-0123abcd.pth")


@pytest.mark.parametrize("name", ["vgg16.pth", "vgg16-abc.pth", "vgg16-397923af"])
def test_an_address_that_cannot_be_checked_is_refused(
    net: InstanceFCN, host: Host, name: str
) -> None:
    with pytest.raises(ValueError, match=f"{name} does not say its SHA-256"):
        initialise(net, host.address + name)
    assert host.asked == []


def test_a_broken_file_that_is_kept_already_is_named(
    net: InstanceFCN, host: Host, tmp_path: Path
) -> None:
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "vgg16-0123abcd.pth").write_bytes(b"half a file")
    with pytest.raises(ValueError, match=r"vgg16-0123abcd\.pth is broken.*delete it"):
        initialise(net, host.address + "vgg16-0123abcd.pth")
