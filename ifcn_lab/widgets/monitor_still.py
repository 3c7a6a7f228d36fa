"""The still picture of a TrainingMonitor: windows from first to last, and losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw

from ifcn_lab.widgets import still
from ifcn_lab.widgets.lettering import INK, width_of, write

if TYPE_CHECKING:
    from ifcn_lab.widgets.monitor import TrainingMonitor

SIDE, GAP, LINE = 84, 10, 18
OBJECTNESS, MASK = "#b35900", "#0072b2"
FOUND = "#e69f00"


def picture(monitor: TrainingMonitor) -> UInt8[np.ndarray, "h w 3"]:
    """Up to four moments side by side, each with its windows; then the losses."""
    last = len(monitor.at) - 1
    chosen = sorted({round(last * share) for share in (0, 0.15, 0.45, 1)})
    parts = [moment(monitor, frame) for frame in chosen]
    if monitor.taken:
        parts.append(chart(monitor))
    return still.beside(*parts, gap=GAP)


def moment(monitor: TrainingMonitor, frame: int) -> UInt8[np.ndarray, "h w 3"]:
    """The windows of one frame under its step, in columns of at most three."""
    windows = monitor.windows_at(frame)
    rows = min(3, len(windows))
    columns = -(-len(windows) // rows)
    size = columns * (SIDE + GAP) - GAP, LINE + rows * (SIDE + GAP) - GAP
    sheet = Image.new("RGB", size, "white")
    step = monitor.at[frame]
    write(sheet, 0, 0, f"step {step}" if step else "untrained")
    for n, window in enumerate(windows):
        column, row = divmod(n, rows)
        left, top = column * (SIDE + GAP), LINE + row * (SIDE + GAP)
        grey = Image.fromarray(window).resize((SIDE, SIDE), Image.Resampling.NEAREST)
        sheet.paste(grey.convert("RGB"), (left, top))
        if monitor.truth:
            border(sheet, truth_of(monitor, n), left, top)
    return np.asarray(sheet)


def truth_of(monitor: TrainingMonitor, n: int) -> UInt8[np.ndarray, "m m"]:
    """The true mask of one window: 1 is the object."""
    return np.frombuffer(monitor.truth, np.uint8).reshape(-1, monitor.m, monitor.m)[n]


def border(
    sheet: Image.Image, truth: UInt8[np.ndarray, "m m"], left: int, top: int
) -> None:
    """The lines between object and not object."""
    draw, cell = ImageDraw.Draw(sheet), SIDE / len(truth)
    inside = np.pad(truth == 1, 1)
    for i, j in np.argwhere(inside[:-1] != inside[1:]):
        x, y = left + (j - 1) * cell, top + i * cell
        draw.line((x, y, x + cell, y), FOUND, 2)
    for i, j in np.argwhere(inside[:, :-1] != inside[:, 1:]):
        x, y = left + j * cell, top + (i - 1) * cell
        draw.line((x, y, x, y + cell), FOUND, 2)


def chart(
    monitor: TrainingMonitor, width: int = 330, height: int = 200
) -> UInt8[np.ndarray, "h w 3"]:
    """Running means of both losses over the steps, drawn twice as large and shrunk."""
    means = monitor.means()
    most = max(0.8, float(means.max()))
    sheet = Image.new("RGB", (2 * width, 2 * height), "white")
    draw = ImageDraw.Draw(sheet)
    left, top, right, bottom = 60, 50, 2 * width - 20, 2 * height - 50
    draw.line((left, top, left, bottom, right, bottom), INK, 2)
    level = bottom - (bottom - top) * np.log(2) / most
    for x in range(left, right, 12):
        draw.line((x, level, x + 4, level), INK, 2)
    for values, colour in ((means[:, 0], OBJECTNESS), (means[:, 1], MASK)):
        draw.line(curve(values / most, (left, top, right, bottom)), colour, 5)
    sheet = sheet.resize((width, height), Image.Resampling.BOX)
    label(sheet, monitor, round(level / 2), most)
    return np.asarray(sheet)


def curve(
    values: Float[np.ndarray, "n"], box: tuple[int, int, int, int]
) -> list[tuple[float, float]]:
    """Points of a line through values from 0 to 1, as wide and high as the box."""
    left, top, right, bottom = box
    x = np.linspace(left, right, max(2, len(values)))
    y = bottom - (bottom - top) * np.resize(values, len(x))
    return list(zip(x.tolist(), y.tolist(), strict=True))


def label(
    sheet: Image.Image, monitor: TrainingMonitor, level: int, most: float
) -> None:
    """The words on the chart."""
    width, height = sheet.size
    write(sheet, 30, 4, "mask loss", MASK)
    write(sheet, 100, 4, "objectness loss", OBJECTNESS)
    right(sheet, width - 16, level - 16, "ln 2: no idea")
    write(sheet, 6, height - 32, "0")
    write(sheet, 6, 20, f"{most:.1f}")
    write(sheet, 30, height - 20, "step 1")
    right(sheet, width - 10, height - 20, f"step {monitor.taken}")


def right(sheet: Image.Image, x: int, y: int, text: str) -> None:
    """Words that end at a place."""
    write(sheet, x - width_of(text), y, text)
