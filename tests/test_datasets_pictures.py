"""Pictures of every colour mode come out as 8-bit RGB; broken ones are named."""

from __future__ import annotations

import struct
import warnings
import zlib
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


GREY = np.arange(0, 190, dtype=np.uint16).reshape(10, 19)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (GREY * 16, "uses 12 bits"),               # a camera's 12 bits in a file of 16
        (GREY * 64, "uses 14 bits"),
        (GREY, "uses 8 bits"),
        (GREY.astype(np.int32) << 20, "uses 28 bits"),
        ((GREY * 16).astype(np.float32), "uses 12 bits"),
        ((GREY / 255).astype(np.float32), None),
    ],
)
def test_grey_levels_are_kept_whatever_bits_hold_them(
    values: np.ndarray, told: str | None, tmp_path: Path
) -> None:
    path = saved(Image.fromarray(values), tmp_path / "deep.tiff")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        image = read_image(path)
    assert (image == GREY[..., None]).all()
    assert [told in str(one.message) for one in warned] == [True] * bool(told)


@pytest.mark.parametrize(
    "values", [np.linspace(-3, 7, 256), np.linspace(0, 1e-3, 256), np.arange(-128, 128)]
)
def test_other_numbers_are_stretched_from_their_least_to_their_greatest(
    values: np.ndarray, tmp_path: Path
) -> None:
    kind = np.int32 if values.dtype.kind == "i" else np.float32
    picture = Image.fromarray(values.astype(kind).reshape(16, 16))
    with pytest.warns(UserWarning, match="stretched to 8 bits"):
        image = read_image(saved(picture, tmp_path / "odd.tiff"))
    assert image[..., 0].ravel().tolist() == list(range(256))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_picture_with_nan_or_infinity_is_refused(bad: float, tmp_path: Path) -> None:
    values = np.full((4, 6), 0.5, np.float32)
    values[1, 2] = bad
    path = saved(Image.fromarray(values), tmp_path / "hole.tiff")
    with pytest.raises(ValueError, match="hole.tiff: holds pixels that are NaN or inf"):
        read_image(path)


def deep_png(path: Path, values: np.ndarray, kind: int) -> Path:
    """Write 16 bits a channel, (h, w, c), which Pillow does not; kind is PNG's."""
    def chunk(name: bytes, body: bytes) -> bytes:
        return (struct.pack(">I", len(body)) + name + body
                + struct.pack(">I", zlib.crc32(name + body)))

    h, w, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    head = struct.pack(">IIBBBBB", w, h, 16, kind, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
                     + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    return path


@pytest.mark.parametrize(("kind", "channels"), [(2, 3), (6, 4)])
@pytest.mark.parametrize("factor", [16, 257])
def test_colours_of_12_bits_keep_their_levels_too(
    kind: int, channels: int, factor: int, tmp_path: Path
) -> None:
    colours = np.stack([GREY, GREY[::-1], GREY[:, ::-1], GREY], axis=2)[..., :channels]
    path = deep_png(tmp_path / "deep.png", colours * factor, kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert (read_image(path) == colours[..., :3]).all()


@pytest.mark.parametrize("end", ["tif", "gif", "png"])
def test_of_several_pages_the_first_is_read_and_that_is_told(
    end: str, tmp_path: Path
) -> None:
    pages = [Image.new("L", (6, 4), grey) for grey in (255, 0)]
    path = saved(pages[0], tmp_path / f"stack.{end}", save_all=True,
                 append_images=pages[1:])
    with pytest.warns(UserWarning, match="2 pages page 1 is read; .*--page"):
        assert (read_image(path) == 255).all()
    assert (read_image(path, page=2) == 0).all()
    with pytest.raises(ValueError, match=f"stack.{end}: there is no page 3"):
        read_image(path, page=3)


def test_a_pointer_of_git_lfs_is_called_that(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    with pytest.raises(ValueError, match="photo.jpg: is a pointer of Git LFS"):
        read_image(path)


@pytest.mark.parametrize("end", ["avif", "webp", "tif", "gif", "jp2"])
def test_damaged_pictures_of_any_format_are_read_or_refused(
    end: str, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)
    path = saved(Image.fromarray(pixels), tmp_path / f"hurt.{end}")
    whole = path.read_bytes()
    for _ in range(40):
        data = bytearray(whole[: rng.integers(1, len(whole) + 1)])
        data[rng.integers(len(data))] ^= 255
        path.write_bytes(data)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                assert read_image(path).dtype == np.uint8
        except ValueError as error:
            assert f"hurt.{end}: " in str(error)


@pytest.mark.parametrize("given", ["d\\e\u0301 f.png", "d/%C3%A9%20f.png", "d/é f.png"])
def test_a_name_as_other_systems_write_it_finds_its_picture(
    given: str, tmp_path: Path
) -> None:
    (tmp_path / "d").mkdir()
    saved(Image.new("L", (6, 4), 255), tmp_path / "d" / "e\u0301 f.png")
    assert (read_image(tmp_path / given) == 255).all()


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
