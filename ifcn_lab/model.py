"""InstanceFCN: a backbone and two fully convolutional branches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ifcn_lab.assembling import assemble
from ifcn_lab.backbone import build_backbone
from ifcn_lab.grid import Grid
from ifcn_lab.targets import WindowRule

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
NORMALISATIONS = {
    "imagenet": (IMAGENET_MEAN, IMAGENET_STD),
    "caffe": ((0.48235, 0.45882, 0.40784), (1 / 255,) * 3),
}
"""Mean and divisor of an image in [0, 1]. Caffe's is 0 to 255 less (123, 117, 104)."""


class ScoreMaps(NamedTuple):
    """What the network says of a batch of images, as logits.

    Shapes: `maps` (B, k*k, H, W), one instance-sensitive score map per grid cell,
    channel g(i)*k + g(j); `objectness` (B, H, W), one score for the window centred
    at each cell. H = ceil(h / stride), W = ceil(w / stride).
    """

    maps: Float[Tensor, "B kk H W"]
    objectness: Float[Tensor, "B H W"]


class InstanceFCN(nn.Module):
    """Instance-sensitive fully convolutional network.

    Branch 1: 1x1 convolution, ReLU, 3x3 convolution to k*k score maps. Branch 2:
    3x3 convolution, ReLU, 1x1 convolution to one objectness logit per cell. Both
    branches are 512 wide on VGG-16. Images of any size are accepted: they are
    padded with zeros, below and to the right, to a multiple of the stride.

    Args:
        k: cells per side of the grid; the paper's default is 5.
        m: window side in feature cells; 21 in the paper.
        backbone: "vgg16" (stride 8) or "small" (stride 4).
        canonical: longest side of an object that fits the window, as a share of the
            window's side; training sets it from its `WindowRule`.
        sizes: longest side of the smallest and the largest object to look for, in
            image pixels; `propose` builds its pyramid from it. None: the paper's.
        normalisation: what is done to an image in [0, 1] first: "imagenet" or "caffe",
            whichever the backbone's first weights were trained with.

    Raises:
        ValueError: m < k, k < 1, or an unknown backbone or normalisation.

    Source: Dai et al., ECCV 2016, section 4.1.

    Example:
        >>> net = InstanceFCN(k=3, backbone="small").eval()
        >>> maps, objectness = net(torch.zeros(1, 3, 50, 70))
        >>> maps.shape, objectness.shape
        (torch.Size([1, 9, 13, 18]), torch.Size([1, 13, 18]))
    """

    memory_format = torch.channels_last  # of images; training can choose another

    def __init__(
        self, k: int = 5, m: int = 21, backbone: str = "vgg16", *,
        canonical: float = WindowRule().canonical,
        sizes: tuple[float, float] | None = None, normalisation: str = "imagenet",
    ) -> None:
        super().__init__()
        Grid(k, m)  # says what is wrong with k and m, if anything is
        self.k, self.m, self.backbone_name = k, m, backbone
        self.canonical, self.sizes = canonical, sizes
        self.backbone = build_backbone(backbone)
        features, width = self.backbone.channels, self.backbone.head_channels
        self.masks = nn.Sequential(
            nn.Conv2d(features, width, 1), nn.ReLU(inplace=True),
            nn.Conv2d(width, k * k, 3, padding=1),
        )
        self.objectness = nn.Sequential(
            nn.Conv2d(features, width, 3, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(width, 1, 1),
        )
        self.normalise_as(normalisation)

    def normalise_as(self, normalisation: str) -> None:
        """Choose what is done to an image before the first convolution.

        Raises:
            ValueError: there is no such normalisation.
        """
        if normalisation not in NORMALISATIONS:
            raise ValueError(f"normalisation is one of {', '.join(NORMALISATIONS)}; "
                             f"got {normalisation!r}")
        self.normalisation = normalisation
        device = next(self.parameters()).device
        for name, values in zip(("mean", "std"), NORMALISATIONS[normalisation],
                                strict=True):
            buffer = torch.tensor(values, device=device).view(1, 3, 1, 1)
            self.register_buffer(name, buffer, persistent=False)

    @property
    def stride(self) -> int:
        """Image pixels per feature cell."""
        return self.backbone.stride

    @property
    def config(self) -> dict[str, object]:
        """The arguments that build this network again.

        The usual normalisation is left out, as in files that are older than it.
        """
        usual = self.normalisation == "imagenet"
        return {"k": self.k, "m": self.m, "backbone": self.backbone_name,
                "canonical": self.canonical, "sizes": self.sizes,
                **({} if usual else {"normalisation": self.normalisation})}

    def forward(self, images: Float[Tensor, "B 3 h w"]) -> ScoreMaps:
        """Score maps and objectness of a batch of images in [0, 1]."""
        x = (images - self.mean).div_(self.std)                     # (B, 3, h, w)
        x = pad_to_multiple(x, self.stride)
        x = x.contiguous(memory_format=self.memory_format)
        features = self.backbone(x)                                 # (B, C, H, W)
        objectness = self.objectness(features).squeeze(1)           # (B, H, W)
        return ScoreMaps(self.masks(features), objectness)

    def windows(
        self, maps: Float[Tensor, "*B kk H W"], centers: Int[Tensor, "N axes"],
        fill: float = 0.0,
    ) -> Float[Tensor, "N m m"]:
        """The mask logits of chosen windows, assembled from the maps.

        Centers are (y, x) on the maps of one image, (image, y, x) in a batch.

        A relative of InstanceFCN that reads its masks otherwise overrides this.
        """
        return assemble(maps, self.m, centers=centers, fill=fill)

    def save(self, path: str | Path) -> Path:
        """Write weights and configuration to one safetensors file."""
        return write_weights(Path(path), self.config, self.state_dict())

    @classmethod
    def load(cls, path: str | Path) -> InstanceFCN:
        """The network saved at `path`, ready for inference.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is truncated or is not a saved InstanceFCN, or its
                weights do not fit the configuration it names.
        """
        config, tensors = read_weights(Path(path))
        try:
            net = cls(**config)
            net.load_state_dict(tensors)
        except (TypeError, RuntimeError) as error:
            reason = str(error).splitlines()[-1].strip()
            raise ValueError(f"{path} does not hold the weights of an {cls.__name__} "
                             f"with {config} ({reason}); load it as what it is") \
                from error
        return net.eval().to(memory_format=torch.channels_last)

    @classmethod
    def from_pretrained(cls, name: str = "scenes") -> InstanceFCN:
        """A network whose weights ship with the package.

        Args:
            name: "scenes" (k = 5), or "scenes-k1", "-k3", "-k5", "-k7" beside it.

        Example:
            >>> InstanceFCN.from_pretrained("scenes").k
            5
        """
        from ifcn_lab.data import shipped

        return cls.load(shipped.path(f"weights/{name}.safetensors"))


def write_weights(
    path: Path, config: dict[str, Any], tensors: dict[str, Tensor]
) -> Path:
    """Write configuration and tensors to one safetensors file."""
    from safetensors.torch import save_file

    laid_out = {name: tensor.contiguous() for name, tensor in tensors.items()}
    save_file(laid_out, str(path), metadata={"ifcn_lab": json.dumps(config)})
    return path


def read_weights(path: Path) -> tuple[dict, dict[str, Tensor]]:
    """Configuration and tensors of a saved network.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is truncated or is not a saved InstanceFCN.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}; give the path of a saved file")
    try:
        with safe_open(str(path), framework="pt") as file:
            config = json.loads((file.metadata() or {})["ifcn_lab"])
            config["sizes"] = config.get("sizes") and tuple(config["sizes"])
            return config, {name: file.get_tensor(name) for name in file.keys()}
    except SafetensorError as error:
        raise ValueError(
            f"{path} is truncated or no safetensors file ({error}); copy it again"
        ) from error
    except KeyError as error:
        raise ValueError(
            f"{path} is a safetensors file, but not one saved by InstanceFCN.save"
        ) from error


def pad_to_multiple(
    images: Float[Tensor, "B C h w"], stride: int
) -> Float[Tensor, "B C H W"]:
    """Zeros below and to the right until both sides are multiples of `stride`.

    Example:
        >>> pad_to_multiple(torch.ones(1, 3, 5, 8), 4).shape
        torch.Size([1, 3, 8, 8])
    """
    bottom, right = -images.shape[-2] % stride, -images.shape[-1] % stride
    return nn.functional.pad(images, (0, right, 0, bottom))
