"""Reading a picture from disk, whatever its colour mode, into one known form."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
from jaxtyping import Shaped, UInt8
from PIL import Image, ImageOps

from ifcn_lab.data.faults import Unreadable, absent
from ifcn_lab.data.picture_names import picture_in

POINTER = b"version https://git-lfs"
ONE_PICTURE = ("MPO", "PSD")  # their other frames are views and layers, no pages


def read_image(
    path: str | Path, size: tuple[int, int] | None = None, page: int | None = None
) -> UInt8[np.ndarray, "h w 3"]:
    """Read a picture as 8-bit RGB, (h, w, 3).

    Grey, palette and CMYK pictures are converted. Transparency is dropped. Deeper
    pictures keep their grey levels, and a warning says so where they use other than all
    of 16 bits:

    - Whole numbers from 0 up: of the bits that the picture uses, 8 at least, the 8
      highest are read. So 12 bits of a camera in a file of 16 are read as 12 bits.
    - Floating point numbers in [0, 1] that reach beyond .5: 1 becomes 255.
    - Others, and negative ones: the least becomes 0, the greatest 255.

    A camera may store a picture lying and say in its EXIF data how to turn it. With
    ``size``, the (h, w) that the annotation was drawn on, the picture is taken as
    stored if that fits, else turned as EXIF says if that fits. Without ``size`` it is
    turned, as viewers show it. ``page`` of a file of several counts from 1; left out,
    the first is read and a warning says so.

    A name as other systems write it finds its file, see ``picture_in``.

    Raises ValueError if the file is missing, cut short or no picture, holds NaN, or if
    the picture has another size than ``size``; the file is named.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> Image.new("L", (6, 4), 200).save(f"{folder.name}/grey.png")
    >>> read_image(f"{folder.name}/grey.png").shape
    (4, 6, 3)
    >>> folder.cleanup()
    """
    path = _file(Path(path))
    try:
        return _read(path, size, page)
    except Unreadable as fault:
        raise ValueError(f"{path}: {fault}") from None
    except Exception as error:  # a decoder raises anything; AVIF's a RuntimeError
        raise ValueError(f"{path}: {_why(path, error)}") from error


def _file(given: Path) -> Path:
    found = picture_in(given.parent, given.name)
    if found is None and given.is_dir():
        raise ValueError(f"{given}: is a folder; name the pictures in it")
    if found is None:
        raise absent(given, "picture file")
    return given.parent / found


def _why(path: Path, error: Exception) -> str:
    with open(path, "rb") as file:
        if file.read(len(POINTER)) == POINTER:
            return ("is a pointer of Git LFS and no picture; `git lfs pull` brings the "
                    "picture")
    return f"cannot be read as a picture ({error})"


def _read(
    path: Path, size: tuple[int, int] | None, page: int | None
) -> UInt8[np.ndarray, "h w 3"]:
    with Image.open(path) as opened:
        _turn_to(page, opened)
        tiles = list(opened.tile)
        opened.load()
        upright = _turned(opened, size)
        if upright.mode == "F" or upright.mode.startswith("I"):
            grey = _eight_bits(np.asarray(upright))
            return np.repeat(grey[..., None], 3, axis=2)
        if upright.mode == "P":  # transparency of bytes needs the step between
            upright = upright.convert("RGBA")
        pixels = np.array(upright.convert("RGB"))
    swapped = _swapped(tiles)
    if not swapped or pixels.max() >= 128:
        return pixels
    if swapped[0][3][0].startswith("LA"):  # Pillow has no way to the low bytes
        raise Unreadable("is grey and transparent and does not use all its 16 bits, so "
                         "it would come out dark; save it without transparency")
    with Image.open(path) as again:
        _turn_to(page or 1, again)
        again.tile = swapped
        low = np.array(_turned(again, size).convert("RGB"))
    return _eight_bits(pixels.astype(np.uint16) << 8 | low)


def _turn_to(page: int | None, opened: Image.Image) -> None:
    pages = getattr(opened, "n_frames", 1) if opened.format not in ONE_PICTURE else 1
    if not 1 <= (page or 1) <= pages:
        raise Unreadable(f"there is no page {page}, its pages are 1 to {pages}")
    if page is None and pages > 1:
        warnings.warn(f"of a picture of {pages} pages page 1 is read; `ifcn-lab "
                      "segment --page N` reads another", stacklevel=4)
    if pages > 1:
        opened.seek((page or 1) - 1)


def _turned(opened: Image.Image, size: tuple[int, int] | None) -> Image.Image:
    if size is not None and (opened.height, opened.width) == tuple(size):
        return opened
    upright = ImageOps.exif_transpose(opened)
    if size is not None and (upright.height, upright.width) != tuple(size):
        raise Unreadable(
            f"the picture is {opened.height} x {opened.width} (h x w), its annotation "
            f"says {size[0]} x {size[1]}; correct one of the two"
        )
    return upright


def _eight_bits(values: Shaped[np.ndarray, "..."]) -> UInt8[np.ndarray, "..."]:
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        raise Unreadable("holds pixels that are NaN or infinite; give them a value")
    floating = values.dtype.kind == "f"
    if floating and low >= 0 and 0.5 < high <= 1:
        return np.round(values * 255).astype(np.uint8)
    if low >= 0 and high < 2**32 and not (floating and (values % 1).any()):
        bits = max(8, int(high).bit_length())
        if bits != 16:
            warnings.warn(f"a picture of more than 8 bits uses {bits} bits: the 8 "
                          "highest of these are read", stacklevel=4)
        return (values.astype(np.uint32) >> (bits - 8)).astype(np.uint8)
    warnings.warn("a picture of floating point or negative numbers is stretched to 8 "
                  "bits, the least to 0, the greatest to 255", stacklevel=4)
    share = (values.astype(np.float64) - low) / ((high - low) or 1)
    return np.round(share * 255).astype(np.uint8)


def _swapped(tiles: list) -> list:
    """Of colours of 16 bits Pillow gives the high bytes: tiles that give the low ones.

    The list is empty for other pictures.
    """
    other = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
    found = []
    for tile in tiles:
        how = tile[3] if isinstance(tile[3], tuple) else (tile[3],)
        if not str(how[0]).startswith(("RGB", "LA")) or how[0][-4:-1] != ";16":
            return []
        args = (how[0][:-1] + other[how[0][-1]], *how[1:])
        make = getattr(type(tile), "_make", tuple)  # before Pillow 11 a plain tuple
        found.append(make((*tile[:3], args)))
    return found
