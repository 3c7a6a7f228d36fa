"""Weights on disk: a safetensors file that names its model and carries its checksum."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ifcn_lab.atomic_write import write_whole
from ifcn_lab.data.faults import near

FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


def write_weights(
    path: Path, config: dict[str, Any], tensors: dict[str, Tensor]
) -> Path:
    """Write configuration, tensors and their checksum to one safetensors file.

    Raises:
        OSError: the disk is full or does not take the file.
    """
    from safetensors.torch import save

    laid_out = {name: tensor.detach().cpu().contiguous()
                for name, tensor in tensors.items()}
    told = config | {"sha256": checksum(config, laid_out)}
    write_whole(path, save(laid_out, metadata={"ifcn_lab": json.dumps(told)}))
    return path


def read_weights(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Configuration (the class's name among it) and tensors of a saved model.

    A file without a checksum, written by hand, is taken as it is.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is truncated, was changed, or is not a saved model.
    """
    from safetensors import safe_open

    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}; give the path of a saved file"
                                f"{near(path)}")
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except Exception as error:  # safetensors' own, and torch's for types it lacks
        raise ValueError(f"{path} is truncated or no safetensors file "
                         f"({why_unread(path, error)}); copy it again") from error
    config = config_in(metadata, path)
    named = config.pop("sha256", None)
    if named not in (None, checksum(config, tensors)):
        raise ValueError(f"{path} was changed after it was saved, as its SHA-256 is "
                         "not the one it names; copy it again")
    return config, tensors


def config_in(metadata: Mapping[str, str], path: Path) -> dict[str, Any]:
    """The configuration in a file's metadata.

    Raises:
        ValueError: there is none.
    """
    try:
        config = json.loads(metadata["ifcn_lab"], parse_constant=int)  # no NaN
        if isinstance(config["class"], str):
            return config
    except (KeyError, TypeError, ValueError, RecursionError):
        pass
    raise ValueError(f"{path} is a safetensors file, but no model saved by ifcn_lab; "
                     "give one that `save` wrote")


def checksum(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    """The SHA-256 of a configuration and of every tensor's name, type, shape, bytes.

    Example:
        >>> checksum({}, {"w": torch.zeros(2)})[:8]
        '5ff2a478'
    """
    total = sha256(json.dumps(config).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        total.update(tensor.reshape(-1).view(torch.uint8).numpy())
    return total.hexdigest()


def misfits(
    expected: Mapping[str, Tensor], weights: Mapping[str, Tensor]
) -> Iterator[str]:
    """What keeps weights from taking the place of the expected ones, each by name.

    Floating-point numbers may be of another precision.

    Example:
        >>> [*misfits({"w": torch.zeros(2)}, {"w": torch.tensor([0, torch.inf])})]
        ['w holds NaN or infinity']
    """
    for name, ours in expected.items():
        theirs = weights.get(name)
        if theirs is None:
            yield f"{name} is missing"
        elif theirs.shape != ours.shape:
            yield (f"{name} has shape {tuple(theirs.shape)}, expected "
                   f"{tuple(ours.shape)}")
        elif theirs.dtype not in (FLOATS if ours.dtype in FLOATS else (ours.dtype,)):
            yield f"{name} is of {theirs.dtype}, expected {ours.dtype}"
        elif theirs.layout is not torch.strided or theirs.device.type == "meta":
            yield f"{name} is sparse or without numbers"
        elif not theirs.to(ours.dtype).isfinite().all():
            yield f"{name} holds NaN or infinity"


def why_unread(path: Path, error: Exception) -> str:
    """Why a file of weights could not be read, in one line."""
    with path.open("rb") as file:
        if file.read(23) == b"version https://git-lfs":
            return "a Git LFS pointer and not the file itself: run git lfs pull"
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
