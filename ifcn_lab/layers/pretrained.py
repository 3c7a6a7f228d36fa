"""Initial weights: an ImageNet VGG-16 for the backbone, a Gaussian for new layers.

Two public files hold a VGG-16 and each wants its own preprocessing. torchvision's is
trained on images in [0, 1], less a mean, over a standard deviation. The other is
Caffe's, which the papers of 2016 began from: 0 to 255 less a mean, and not divided.
`initialise` sets the network's `normalisation` to what its weights were trained with.
"""

from __future__ import annotations

import errno
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn

MODELS = "https://download.pytorch.org/models/"
SOURCES = {
    "vgg16": MODELS + "vgg16-397923af.pth",
    "vgg16-caffe": MODELS + "vgg16_features-amdegroot-88682ab5.pth",
}
"""528 MB each. The eight hex digits begin the file's SHA-256."""

STAGES = (2, 2, 3, 3, 3)
CONVOLUTIONS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
"""Where `features` has its convolutions, here as in torchvision and in SSD's list."""

CAFFE_NAMES = tuple(f"conv{stage}_{number}" for stage, count in enumerate(STAGES, 1)
                    for number in range(1, count + 1))
NAMINGS = {
    "features.0": tuple(f"features.{i}" for i in CONVOLUTIONS),
    "conv1_1": CAFFE_NAMES,
    "vgg.0": tuple(f"vgg.{i}" for i in CONVOLUTIONS),
    "0": tuple(map(str, CONVOLUTIONS)),
}
"""Names of the 13 convolutions by the first: torchvision, Caffe, SSD, SSD's base."""

BROKEN = (UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, OSError)
"""What torch.load raises for a broken file; of OSErrors "invalid argument" is one."""


def initialise(
    model: Any, source: str | Path, progress: bool = False, *,
    normalisation: str | None = None, bgr: bool = False,
) -> Any:
    """Give the backbone of a network the weights of an ImageNet VGG-16.

    Only the 13 convolutions are read; a classifier in the file is ignored. The two
    branches keep what they have. The network's `normalisation` follows the weights.

    Args:
        model: a network on VGG-16; it is changed in place.
        source: "vgg16", torchvision's weights; "vgg16-caffe", Caffe's, converted;
            an address (http...) whose file name ends in a dash and the beginning of
            its SHA-256; or a .pth, .pt or .safetensors file. Downloads are kept where
            torch.hub keeps them and are checked before they get their name.
        progress: show a bar while downloading.
        normalisation: "imagenet" or "caffe". None: "caffe" for Caffe's names (conv1_1),
            SSD's (vgg.0, or 0), and for a file with "caffe" or "amdegroot" in its
            name; "imagenet" for the others.
        bgr: the first layer takes blue, green, red, as Caffe's own files do; it is
            turned round. Nothing in a file says so.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: the download failed.
        ValueError: the network has another backbone; the file is broken, is not what
            its name promises, or its weights are missing, misshapen or not finite.

    Source: Dai et al., ECCV 2016, section 4.1.
    """
    if model.backbone_name != "vgg16":
        raise ValueError("these weights are a VGG-16's, and this network's backbone is "
                         f"{model.backbone_name!r}; build it with backbone='vgg16'")
    source = SOURCES.get(str(source), source)
    weights = read_source(source, progress=progress)
    tensors, caffe = as_features(weights, str(source))
    if bgr:
        tensors["features.0.weight"] = tensors["features.0.weight"].flip(1)
    named_so = re.search("caffe|amdegroot", str(source).rpartition("/")[2])
    usual = "caffe" if caffe or named_so else "imagenet"
    model.normalise_as(normalisation or usual)
    model.backbone.load_state_dict(tensors)
    return model


def read_source(source: str | Path, *, progress: bool = False) -> dict[str, Tensor]:
    """The tensors of a file or of an address.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: the download failed.
        ValueError: the file is broken, or not what its name promises.
    """
    if str(source).startswith(("http://", "https://")):
        return download(str(source), progress=progress)
    path = Path(source)
    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}; give a file, or one of "
                                f"{', '.join(SOURCES)}")
    return checked_tensors(read_file(path), str(path))


def read_file(path: Path) -> object:
    """What a weights file holds; nothing in it is run.

    Raises:
        ValueError: the file is broken or holds more than tensors.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, *BROKEN) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ValueError(f"{path} is truncated, or holds more than tensors "
                         f"({reason}); give a state dict of tensors alone") from error


def download(address: str, *, progress: bool = False) -> dict[str, Tensor]:
    """The tensors at an address, kept where torch.hub keeps files.

    Raises:
        OSError: the server cannot be reached or has no such file.
        ValueError: the bytes are not those the name promises, or no weights.
    """
    name = address.rpartition("/")[2]
    if not re.search(r"-[0-9a-f]{8,64}\.\w+$", name):
        raise ValueError(f"{name} does not say its SHA-256, so it cannot be checked; "
                         "expected a name like vgg16-397923af.pth, or download it and "
                         "give the file")
    try:
        weights = torch.hub.load_state_dict_from_url(
            address, map_location="cpu", progress=progress, check_hash=True,
            weights_only=True)
    except BROKEN as error:
        if not isinstance(error, OSError) or error.errno == errno.EINVAL:
            raise ValueError(why_broken(name, error)) from error
        raise OSError(f"{address} cannot be fetched ({error}); try again, or download "
                      f"{name} elsewhere and give the file") from error
    return checked_tensors(weights, name)


def why_broken(name: str, error: Exception) -> str:
    """What to say of a download that arrived and is no good."""
    if "invalid hash" in str(error):
        return (f"the bytes that came for {name} are not that file: their SHA-256 does "
                "not begin as its name says. Nothing was kept; try again, on another "
                "network perhaps")
    kept = Path(torch.hub.get_dir()) / "checkpoints" / name
    return (f"{kept} is broken or holds more than tensors ({type(error).__name__}); "
            "delete it and try again")


def checked_tensors(weights: object, name: str) -> dict[str, Tensor]:
    """The same weights, if they are tensors by name.

    Raises:
        ValueError: they are something else.
    """
    if not isinstance(weights, Mapping):
        raise ValueError(f"{name} holds a {type(weights).__name__}; expected a state "
                         "dict, tensors by their names")
    return {str(key): value for key, value in weights.items() if torch.is_tensor(value)}


def as_features(
    weights: Mapping[str, Tensor], name: str
) -> tuple[dict[str, Tensor], bool]:
    """The 13 convolutions under the names of our backbone, whatever theirs are.

    Args:
        weights: tensors by the names of `NAMINGS`; anything else is left out.
        name: of the file, for messages.

    Returns:
        The tensors in float32, and whether the names are Caffe's or SSD's.

    Raises:
        ValueError: no naming fits, or tensors are missing, misshapen or not finite;
            they are listed.
    """
    known = max(NAMINGS, key=lambda first: count_of(NAMINGS[first], weights))
    if count_of(NAMINGS[known], weights) == 0:
        some = ", ".join(list(weights)[:4]) or "nothing"
        raise ValueError(f"{name} holds no VGG-16: expected names like "
                         f"features.0.weight or conv1_1.weight, found {some}")
    names = NAMINGS[known]
    wrong = [*faults(names, weights)]
    if wrong:
        more = f" and {len(wrong) - 6} more" if len(wrong) > 6 else ""
        raise ValueError(f"{name} does not fit VGG-16: {'; '.join(wrong[:6])}{more}")
    found = {f"features.{index}.{part}": weights[f"{theirs}.{part}"].float()
             for index, theirs in zip(CONVOLUTIONS, names, strict=True)
             for part in ("weight", "bias")}
    return found, known != "features.0"


def count_of(names: tuple[str, ...], weights: Mapping[str, Tensor]) -> int:
    """How many of these convolutions have a kernel or a bias among the weights."""
    return sum(f"{name}.{part}" in weights
               for name in names for part in ("weight", "bias"))


def faults(names: tuple[str, ...], weights: Mapping[str, Tensor]) -> Iterator[str]:
    """What keeps these weights from being a VGG-16's, tensor by tensor."""
    for (part, shape), name in zip(shapes(), (n for n in names for _ in range(2)),
                                   strict=True):
        key = f"{name}.{part}"
        if key not in weights:
            yield f"{key} is missing"
        elif tuple(weights[key].shape) != shape:
            yield (f"{key} has shape {tuple(weights[key].shape)}, expected {shape}")
        elif not weights[key].isfinite().all():
            yield f"{key} holds NaN or infinity"


def shapes() -> Iterator[tuple[str, tuple[int, ...]]]:
    """Kernel and bias of each of the 13 convolutions, in order.

    Example:
        >>> list(shapes())[:2]
        [('weight', (64, 3, 3, 3)), ('bias', (64,))]
    """
    inputs = 3
    for stage, count in enumerate(STAGES):
        for _ in range(count):
            outputs = min(64 * 2**stage, 512)
            yield "weight", (outputs, inputs, 3, 3)
            yield "bias", (outputs,)
            inputs = outputs


def gaussian(model: Any, std: float = 0.01) -> Any:
    """Draw the layers that ImageNet knows nothing of: both branches.

    Kernels come from a Gaussian round 0, biases become 0. That the paper does so, with
    0.01, is from memory and confirmed by no source. On a backbone that is not trained
    such branches learn slowly: see `he`.

    Args:
        model: the network, changed in place.
        std: of the Gaussian.

    Raises:
        ValueError: std is not above 0.

    Example:
        >>> from ifcn_lab import InstanceFCN
        >>> net = gaussian(InstanceFCN(k=3, backbone="small"), std=0.01)
        >>> 0.0098 < float(net.masks[0].weight.detach().std()) < 0.0102
        True
    """
    if not 0 < std < math.inf:
        raise ValueError(f"std is {std}; give a number above 0")
    for layer in convolutions(model.masks, model.objectness):
        nn.init.normal_(layer.weight, std=std)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return model


def he(model: Any) -> Any:
    """Draw every convolution so that ReLUs keep the size of what passes them.

    For a VGG-16 that begins from nothing: without batch norms, the smaller numbers of
    torch's default fade out over 13 layers. The last layer of each branch is drawn with
    a standard deviation of 0.01, so that every probability begins near a half.

    Example:
        >>> from ifcn_lab import InstanceFCN
        >>> net = he(InstanceFCN(k=3))
        >>> round(float(net.backbone.features[28].weight.detach().std()), 3)
        0.021
    """
    for layer in convolutions(model):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    for branch in (model.masks, model.objectness):
        nn.init.normal_(list(convolutions(branch))[-1].weight, std=0.01)
    return model


def convolutions(*modules: nn.Module) -> Iterator[nn.Conv2d]:
    """Every convolution in these modules, in order."""
    for module in modules:
        yield from (x for x in module.modules() if isinstance(x, nn.Conv2d))
