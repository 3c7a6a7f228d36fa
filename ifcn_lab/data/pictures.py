"""Reading a picture from disk, whatever its colour mode, into one known form."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

__all__ = ["read_image"]

# What Pillow raises for a file it cannot read: a broken PNG chunk is a SyntaxError.
UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    Image.DecompressionBombError,
)


def read_image(
    path: str | Path, size: tuple[int, int] | None = None
) -> UInt8[np.ndarray, "h w 3"]:
    """Read a picture as 8-bit RGB, (h, w, 3).

    Grey, palette and CMYK pictures are converted. Transparency is dropped. Of 16-bit
    pictures the high byte is kept, so a 12-bit camera's picture in a 16-bit file comes
    out dark: stretch it before.

    A camera may store a picture lying and say in its EXIF data how to turn it. With
    ``size``, the (h, w) that the annotation was drawn on, the picture is taken as
    stored if that fits, else turned as EXIF says if that fits. Without ``size`` it is
    turned, as viewers show it.

    Raises ValueError if the file is missing, cut short or no picture, or if the
    picture has another size than ``size``; the file is named.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> Image.new("L", (6, 4), 200).save(f"{folder.name}/grey.png")
    >>> read_image(f"{folder.name}/grey.png").shape
    (4, 6, 3)
    >>> folder.cleanup()
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: there is no such picture file")
    try:
        with Image.open(path) as opened:
            opened.load()
            return np.array(_rgb(_turned(opened, size, path)))
    except _Misfit as misfit:
        raise ValueError(str(misfit)) from None
    except UNREADABLE as error:
        raise ValueError(f"{path}: cannot be read as a picture ({error})") from error


class _Misfit(Exception):
    """The picture is readable, but has another size than the annotation says."""


def _turned(
    opened: Image.Image, size: tuple[int, int] | None, path: Path
) -> Image.Image:
    if size is not None and (opened.height, opened.width) == tuple(size):
        return opened
    upright = ImageOps.exif_transpose(opened)
    if size is not None and (upright.height, upright.width) != tuple(size):
        raise _Misfit(
            f"{path}: the picture is {opened.height} x {opened.width} (h x w), its "
            f"annotation says {size[0]} x {size[1]}; correct one of the two"
        )
    return upright


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode == "F":
        raise ValueError("it holds floating point numbers; save it with 8 or 16 bits")
    if picture.mode.startswith("I"):  # 16 bits; Pillow's own conversion would clip
        values = np.asarray(picture).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError("it holds more than 16 bits; save it with 8 or 16 bits")
        picture = Image.fromarray((values >> 8).astype(np.uint8))
    return picture.convert("RGB")
