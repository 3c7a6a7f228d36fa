"""Instance maps: one whole number a pixel, which says what object it belongs to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int
from PIL import Image

# Pillow's modes whose pixels are numbers and no colours, and how many bits they have.
_BITS = {"1": 1, "L": 8, "P": 8, "I;16": 16, "I;16L": 16, "I;16B": 16, "I": 32}


def read_map(
    path: str | Path, most_bits: int = 16, size: tuple[int, ...] | None = None
) -> Int[np.ndarray, "h w"]:
    """Read a palette or grey picture as the numbers it holds, (h, w).

    Colours are not looked at: in a palette picture the number is the palette's index.
    16-bit maps keep all their bits. EXIF data is not looked at: a map is taken as it
    is stored.

    Raises ValueError, naming the file, if it is missing, cut short, holds colours, has
    more than ``most_bits`` bits a pixel, or is not of ``size``, that of another map.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> numbers = np.array([[0, 300], [2, 0]], np.uint16)
    >>> Image.fromarray(numbers).save(f"{folder.name}/map.png")
    >>> read_map(f"{folder.name}/map.png").tolist()
    [[0, 300], [2, 0]]
    >>> folder.cleanup()
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file of an instance map")
    try:
        with Image.open(path) as opened:
            mode = opened.mode
            numbers = np.array(opened).astype(np.int64) if mode in _BITS else None
    except Exception as error:  # as read_image does
        raise ValueError(f"{path}: cannot be read as a picture ({error})") from error
    _check_kind(path, mode, most_bits, numbers)
    if size not in (None, numbers.shape):
        raise ValueError(f"{path}: is {numbers.shape[0]} x {numbers.shape[1]} (h x w), "
                         f"another map of the picture {size[0]} x {size[1]}; they are "
                         "of one size or of different pictures")
    return numbers


def _check_kind(
    path: Path, mode: str, most_bits: int, numbers: np.ndarray | None
) -> None:
    if numbers is None:
        raise ValueError(
            f"{path}: holds colours (mode {mode}), no numbers; an instance map is a "
            "palette or grey picture"
        )
    if _BITS[mode] > most_bits and numbers.size:
        ids = len(np.unique(numbers[numbers != 0]))
        raise ValueError(
            f"{path}: has {_BITS[mode]} bits a pixel and {ids} ids; this format has "
            f"{most_bits} bits and holds at most {2 ** most_bits - 2} objects an "
            "image; write such images in COCO's format"
        )


def separate(
    numbers: Int[np.ndarray, "h w"], ignore: int | None = None
) -> tuple[Bool[np.ndarray, "N h w"], Bool[np.ndarray, "h w"], tuple[int, ...]]:
    """Cut an instance map into one mask per id, the ignored pixels, and the ids.

    0 is background, ``ignore`` neither object nor background. The ids ascend.

    >>> masks, ignored, ids = separate(np.array([[1, 1, 255], [0, 7, 7]]), ignore=255)
    >>> ids, masks[1].astype(int).tolist(), int(ignored.sum())
    ((1, 7), [[0, 0, 0], [0, 1, 1]], 1)
    """
    found = np.unique(numbers)
    ids = found[(found != 0) & (found != (0 if ignore is None else ignore))]
    masks = numbers == ids[:, None, None]                               # (N, h, w)
    ignored = np.zeros(numbers.shape, bool) if ignore is None else numbers == ignore
    return masks, ignored, tuple(map(int, ids))
