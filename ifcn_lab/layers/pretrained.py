"""Initial weights: an ImageNet VGG-16 for the backbone, a Gaussian for new layers.

Two public files hold a VGG-16 and each wants its own preprocessing. torchvision's is
trained on images in [0, 1], less a mean, over a standard deviation. The other is
Caffe's, which the papers of 2016 began from: 0 to 255 less a mean, and not divided.
`initialise` sets the network's `normalisation` to what its weights were trained with.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from zipfile import ZipFile, is_zipfile

import torch
from torch import Tensor, nn

from ifcn_lab.data.downloads import download
from ifcn_lab.data.sources import Archive
from ifcn_lab.weights_file import misfits, why_unread

MODELS = "https://download.pytorch.org/models/"
SOURCES = {name: Archive(file, MODELS + file, size=553_500_000) for name, file in (
    ("vgg16", "vgg16-397923af.pth"),
    ("vgg16-caffe", "vgg16_features-amdegroot-88682ab5.pth"))}
"""The eight hex digits begin the SHA-256; no more of the second one is published."""

CAFFE_NAMES = tuple(f"conv{stage}_{number}.{part}"
                    for stage, count in enumerate((2, 2, 3, 3, 3), start=1)
                    for number in range(1, count + 1) for part in ("weight", "bias"))


def initialise(model: Any, source: str | Path) -> Any:
    """Give the backbone of a network the weights of an ImageNet VGG-16.

    Only the 13 convolutions are read; a classifier in the file is ignored. The two
    branches keep what they have. The network's `normalisation` follows the weights: it
    is "caffe" for Caffe's names (conv1_1) and for a file with "caffe" or "amdegroot" in
    its name, else "imagenet". The first layer must take red, green, blue: nothing in a
    file says so, and Caffe's own files have them the other way round.

    Args:
        model: a network on VGG-16; it is changed in place.
        source: "vgg16", torchvision's weights; "vgg16-caffe", Caffe's, converted; or a
            .pth, .pt or .safetensors file. Downloads lie where torch.hub keeps them.

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
    path = fetched(SOURCES[source]) if source in SOURCES else Path(source)
    weights = read_tensors(path)
    caffe = any(name in weights for name in CAFFE_NAMES)
    ours = model.backbone.state_dict()
    theirs = dict(zip(ours, CAFFE_NAMES if caffe else ours, strict=True))
    wrong = [*misfits({theirs[name]: ours[name] for name in ours}, weights)]
    if wrong:
        more = f" and {len(wrong) - 6} more" if len(wrong) > 6 else ""
        raise ValueError(
            f"{path} does not fit VGG-16: {'; '.join(wrong[:6])}{more}. Expected names "
            "like features.0.weight or conv1_1.weight, found "
            f"{', '.join(list(weights)[:3]) or 'nothing'}")
    caffe = caffe or re.search("caffe|amdegroot", path.name) is not None
    model.normalise_as("caffe" if caffe else "imagenet")
    model.backbone.load_state_dict({name: weights[theirs[name]].float()
                                    for name in ours})
    return model


def fetched(archive: Archive) -> Path:
    """Where a public file of weights lies; it is downloaded if it is not there.

    Raises:
        OSError: the server cannot be reached or has no such file.
        ValueError: the bytes are not those that the name promises.
    """
    from pooch import file_hash

    path = download(archive, Path(torch.hub.get_dir()) / "checkpoints")
    begins = path.stem.rpartition("-")[2]
    if not file_hash(str(path)).startswith(begins):
        path.unlink()
        raise ValueError(f"{path} was damaged or another file, as its SHA-256 did not "
                         f"begin with {begins}; it was deleted, so try again")
    return path


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a weights file by their names; nothing in it is run.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is broken or holds more than tensors.
    """
    from safetensors.torch import load_file

    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}; give a file, or one of "
                                f"{', '.join(SOURCES)}")
    try:
        if path.suffix == ".safetensors":
            weights = load_file(path)
        else:
            # torch does not compare its records with the sums packed beside them.
            with ZipFile(path) if is_zipfile(path) else nullcontext() as archive:
                if archive and (changed := archive.testzip()):
                    raise ValueError(f"the bytes of {changed} were changed")
            weights = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises half a dozen kinds for a broken file
        raise ValueError(f"{path} is truncated, holds more than tensors or cannot be "
                         f"read ({why_unread(path, error)}); give a state dict of "
                         "tensors alone") from error
    if not isinstance(weights, Mapping):
        raise ValueError(f"{path} holds a {type(weights).__name__}; expected a state "
                         "dict, tensors by their names")
    return {str(key): value for key, value in weights.items() if torch.is_tensor(value)}


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
