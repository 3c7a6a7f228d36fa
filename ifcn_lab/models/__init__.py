"""The relatives, one file each: what a network sees, learns and finds.

A new one is a file here and a line in `MODELS`; trainer, measures, league and commands
then know it.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from ifcn_lab.data import shipped
from ifcn_lab.segmenter import Segmenter
from ifcn_lab.weights_file import read_weights

MODELS: dict[str, str | type[Segmenter]] = {
    "InstanceFCN": "instancefcn",
    "DeepMask": "deepmask",
    "FCN": "fcn",
    "MNC": "mnc",
    "MNCJoint": "mnc_joint",
    "RFCN": "rfcn",
    "FCIS": "fcis",
    "MaskRCNN": "mask_rcnn",
    "MaskScoringRCNN": "mask_scoring",
    "YOLACT": "yolact",
    "Discriminative": "discriminative",
    "MetricLearning": "metric_learning",
    "AfterSGN": "sgn",
    "SharpMask": "sharpmask",
}
"""Each class by its name: the file that holds it, or the class itself."""


def model_class(name: str) -> type[Segmenter]:
    """The class of that name.

    Raises:
        ValueError: there is none.

    Example:
        >>> model_class("InstanceFCN").__name__
        'InstanceFCN'
    """
    if name not in MODELS:
        raise ValueError(f"no model is called {name!r}; there are "
                         f"{', '.join(sorted(MODELS))}")
    home = MODELS[name]
    if isinstance(home, str):
        return getattr(import_module(f"{__name__}.{home}"), name)
    return home


def shipped_models() -> list[str]:
    """The models that have weights of their own among what ships, in this order.

    Example:
        >>> shipped_models()[0]
        'InstanceFCN'
    """
    return [name for name in MODELS
            if (shipped.folder() / model_class(name).weights_file()).is_file()]


def load(path: str | Path) -> Segmenter:
    """The model saved at `path`, of whichever class, ready to detect.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged or holds no model of ifcn_lab.
    """
    config, tensors = read_weights(Path(path))
    return model_class(config.pop("class")).built(config, tensors, path)


def on_device(model: Segmenter, device: str) -> Segmenter:
    """The model on that device.

    Raises:
        ValueError: there is no such device here.
    """
    try:
        return model.to(device)
    except (RuntimeError, AssertionError) as error:  # torch built without CUDA asserts
        reason = str(error).splitlines()[0]
        raise ValueError(f"no device {device!r} here ({reason}); try --device cpu") \
            from error
