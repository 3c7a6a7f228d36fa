"""Pictures of every colour mode come out as 8-bit RGB; broken ones are named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ifcn_lab.data.pictures import read_image

RED = (204, 51, 0)  # one of Pillow's palette, so that nothing is rounded


def saved(picture: Image.Image, path: Path, **how: object) -> Path:
    picture.save(path, **how)
    return path


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_red_picture_is_red_in_every_colour_mode(tmp_path: Path, mode: str) -> None:
    path = saved(Image.new("RGB", (6, 4), RED).convert(mode), tmp_path / "red.png")
    image = read_image(path)
    assert image.dtype == np.uint8
    assert image.shape == (4, 6, 3)
    assert (image == RED).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_a_grey_picture_has_three_equal_channels(tmp_path: Path, mode: str) -> None:
    path = saved(Image.new("L", (6, 4), 255).convert(mode), tmp_path / "grey.png")
    assert (read_image(path) == 255).all()
    assert read_image(path).shape == (4, 6, 3)


def test_a_cmyk_jpeg_is_read_in_its_colours(tmp_path: Path) -> None:
    cyan = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    image = read_image(saved(cyan, tmp_path / "cyan.jpg", quality=95))
    red, green, blue = image.reshape(-1, 3).mean(axis=0)
    assert red < 30 and green > 180 and blue > 180


def test_of_a_16_bit_picture_the_high_byte_is_kept(tmp_path: Path) -> None:
    values = np.array([[0, 255, 256], [32768, 65280, 65535]], dtype=np.uint16)
    image = read_image(saved(Image.fromarray(values), tmp_path / "deep.png"))
    assert image[..., 0].tolist() == [[0, 0, 1], [128, 255, 255]]


def test_a_picture_of_floating_point_numbers_is_refused(tmp_path: Path) -> None:
    path = saved(Image.fromarray(np.ones((4, 6), np.float32)), tmp_path / "float.tiff")
    with pytest.raises(ValueError, match="float.tiff.*floating point"):
        read_image(path)


def test_a_picture_of_more_than_16_bits_is_refused(tmp_path: Path) -> None:
    values = np.full((4, 6), 70000, np.int32)
    path = saved(Image.fromarray(values), tmp_path / "long.tiff")
    with pytest.raises(ValueError, match="long.tiff.*more than 16 bits"):
        read_image(path)


def lying(path: Path, size: tuple[int, int] = (6, 4)) -> Path:
    """Save a picture, left edge white, that EXIF says to turn by 90 degrees."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    pixels[:, 0] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # turn 90 degrees clockwise
    return saved(Image.fromarray(pixels), path, exif=exif)


def test_without_an_annotation_the_picture_is_turned_upright(tmp_path: Path) -> None:
    image = read_image(lying(tmp_path / "lying.png"))
    assert image.shape == (6, 4, 3)
    assert (image[0] == 255).all() and (image[1:] == 0).all()


def test_the_annotated_size_decides_whether_exif_turns(tmp_path: Path) -> None:
    path = lying(tmp_path / "lying.png")
    assert read_image(path, (4, 6)).shape == (4, 6, 3)
    assert (read_image(path, (4, 6))[:, 0] == 255).all()
    assert (read_image(path, (6, 4))[0] == 255).all()


def test_an_annotated_square_picture_is_taken_as_stored(tmp_path: Path) -> None:
    path = lying(tmp_path / "square.png", size=(4, 4))
    assert (read_image(path, (4, 4))[:, 0] == 255).all()


def test_a_picture_of_another_size_names_file_and_both_sizes(tmp_path: Path) -> None:
    path = saved(Image.new("RGB", (6, 4)), tmp_path / "odd.png")
    with pytest.raises(ValueError, match=r"odd\.png.* 4 x 6 .* 6 x 4"):
        read_image(path, (6, 4))  # turned it would fit, but no EXIF says to turn it
    with pytest.raises(ValueError, match=r"odd\.png.* 4 x 6 .* 8 x 12"):
        read_image(path, (8, 12))


@pytest.mark.parametrize("name", ["cut.png", "cut.jpg"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.9])
def test_a_truncated_picture_is_refused(
    tmp_path: Path, name: str, share: float
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = saved(Image.fromarray(pixels), tmp_path / name)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ValueError, match=f"{name}.*cannot be read"):
        read_image(path)


def test_a_damaged_png_is_refused(tmp_path: Path) -> None:
    path = saved(Image.new("RGB", (64, 64), RED), tmp_path / "hurt.png")
    data = bytearray(path.read_bytes())
    data[20] ^= 0xFF  # in the header, so its check sum is wrong
    path.write_bytes(data)
    with pytest.raises(ValueError, match="hurt.png.*cannot be read"):
        read_image(path)


def test_a_missing_picture_and_a_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nowhere.png.*no such"):
        read_image(tmp_path / "nowhere.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(ValueError, match="text.png.*cannot be read"):
        read_image(str(tmp_path / "text.png"))
