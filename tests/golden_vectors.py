"""Golden vectors: small cases of assembling that every implementation must reproduce.

    python tests/golden_vectors.py          writes data/golden/ anew, from the loop

They are integers in JSON, so that any language can read them. A score says where it
lives: 100 * map + 10 * row + column, and 100_000 more for each image of a batch.
"""

from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from ifcn_lab.assembling import assemble
from ifcn_lab.atomic_write import write_whole
from ifcn_lab.data import shipped


class Case(NamedTuple):
    """What is given: k and m, the shape of the maps, the centers, and the fill.

    `images` is 0 for a single image without a batch axis; `centers` None means every
    position.
    """

    name: str
    k: int
    m: int
    height: int
    width: int
    centers: tuple[tuple[int, ...], ...] | None = None
    fill: int = 0
    images: int = 0


class Golden(NamedTuple):
    """A case worked out: the score maps and the windows that belong to them."""

    case: Case
    maps: Int[np.ndarray, "*B kk H W"]
    windows: Int[np.ndarray, "..."]


CORNERS = ((0, 0), (0, 7), (6, 0), (6, 7))
CASES = (
    Case("one map, one pixel", 1, 1, 2, 3),
    Case("one map is an ordinary crop", 1, 3, 3, 4, fill=-1),
    Case("even m: one more before the centre than after", 1, 4, 3, 3, fill=-1),
    Case("k = 2, m a multiple", 2, 4, 4, 3, fill=-1),
    Case("k = 2, m no multiple: the first cell is larger", 2, 5, 3, 4, fill=-1),
    Case("k = 3, m a multiple", 3, 6, 3, 3, fill=7),
    Case("k = 3, m no multiple", 3, 7, 4, 3, fill=-1),
    Case("k = 3, m no multiple and even", 3, 8, 3, 2, fill=-1),
    Case("k = 4, every cell one pixel", 4, 4, 3, 3, fill=-9),
    Case("k = 4, m no multiple", 4, 6, 2, 4),
    Case("k = 5, m no multiple", 5, 7, 2, 3, fill=-1),
    Case("k = 6, m no multiple", 6, 9, 2, 2, fill=-1),
    Case("k = 7, every cell one pixel", 7, 7, 2, 2, fill=-1),
    Case("k = 7, m no multiple", 7, 10, 2, 1, fill=-1),
    Case("a map of one score under a wide window", 2, 9, 1, 1, fill=-5),
    Case("a map of one row", 3, 5, 1, 6, fill=-1),
    Case("a map of one column", 3, 5, 6, 1, fill=-1),
    Case("the paper's cells, at the corners", 5, 21, 7, 8, CORNERS, fill=-1),
    Case("chosen windows, twice the same", 3, 7, 7, 8, ((3, 4), (6, 7), (3, 4)), -2),
    Case("chosen windows along the edge", 2, 5, 7, 8, ((0, 3), (3, 0), (6, 4), (4, 7))),
    Case("no window chosen", 2, 3, 4, 4, ()),
    Case("two images, every position", 2, 3, 2, 3, None, -1, 2),
    Case("two images, chosen windows", 2, 5, 4, 5, ((1, 0, 0), (0, 3, 4), (1, 2, 2)),
         -1, 2),
)


def work_out(case: Case) -> Golden:
    """The maps of a case, and its windows by the loop.

    >>> work_out(Case("", 2, 2, 1, 1)).windows.tolist()
    [[[[0, 0], [0, 300]]]]
    """
    shape = (max(1, case.images), case.k**2, case.height, case.width)
    image, channel, row, column = np.indices(shape)
    maps = 100_000 * image + 100 * channel + 10 * row + column  # (B, k*k, H, W)
    maps = maps if case.images else maps[0]
    windows = assemble(maps, case.m, centers=centers_of(case), fill=case.fill,
                       backend="loop")
    return Golden(case, maps, windows)


def centers_of(case: Case) -> Int[np.ndarray, "N axes"] | None:
    """The centers of a case as an array, (N, 2), or (N, 3) for a batch.

    >>> centers_of(CASES[-3]).shape
    (0, 2)
    """
    if case.centers is None:
        return None
    return np.array(case.centers, np.int64).reshape(-1, 3 if case.images else 2)


def read() -> list[Golden]:
    """All golden vectors as they are shipped.

    >>> len(read()) == len(CASES)
    True
    """
    records = json.loads(shipped.path("golden/assembling.json").read_text("utf-8"))
    return [_from_record(record) for record in records]


def _from_record(record: dict) -> Golden:
    centers = record["centers"] and tuple(map(tuple, record["centers"]))
    centers = () if record["centers"] == [] else centers
    fields = {name: record[name] for name in Case._fields} | {"centers": centers}
    windows = np.array(record["windows"], np.int64).reshape(record["shape"])
    return Golden(Case(**fields), np.array(record["maps"], np.int64), windows)


def _to_record(golden: Golden) -> dict:
    return golden.case._asdict() | {
        "maps": golden.maps.tolist(),
        "shape": golden.windows.shape,
        "windows": golden.windows.tolist(),
    }


def main() -> None:
    """Write the file: one case a line."""
    lines = [json.dumps(_to_record(work_out(case))) for case in CASES]
    target = shipped.folder() / "golden" / "assembling.json"
    write_whole(target, "[\n" + ",\n".join(lines) + "\n]\n")
    print(f"{target.name}: {len(lines)} cases, {target.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
