"""What was found, in COCO's result format, written as it comes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from ifcn_lab.data import Sample
from ifcn_lab.evaluation.entries import Answers, Found, found, paired

__all__ = ["ResultsWriter", "rows", "to_coco_results"]


def to_coco_results(
    proposals: Iterable[Answers], samples: Iterable[Sample]
) -> list[dict[str, Any]]:
    """List proposals, one set for each sample, as COCO results, ready for JSON.

    Masks are compressed run lengths; the best score of an image goes first. Instances
    without categories get category 1. Raises ValueError for a score that is NaN and for
    masks that are not of the image's size.

    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> masks = np.ones((1, 2, 2), bool)
    >>> sample = Sample(None, masks, ~masks[0], (1,), (1,), "one object", 7)
    >>> to_coco_results([SimpleNamespace(masks=masks, scores=[0.5])], [sample])[0]
    {'image_id': 7, 'category_id': 1, 'segmentation': ..., 'score': 0.5}
    """
    results = []
    for each, sample in paired(proposals, samples):
        results += rows(found(each, sample.crowd.shape), sample.image_id)
    return results


def rows(best: Found, image_id: int, category: int = 1) -> list[dict[str, Any]]:
    """List the answers of one image as COCO results, ready for JSON.

    ``category`` is for answers that have none of their own.

    >>> import numpy as np
    >>> from ifcn_lab.evaluation.overlap import encode
    >>> best = Found(encode(np.ones((1, 2, 2), bool)), np.array([0.5]))
    >>> rows(best, image_id=7)
    [{'image_id': 7, 'category_id': 1, 'segmentation': ..., 'score': 0.5}]
    """
    results = []
    for i, rle in enumerate(best.rles):
        counts = rle["counts"]
        if isinstance(counts, bytes):  # pycocotools gives bytes, JSON wants text
            counts = counts.decode("ascii")
        own = category if best.categories is None else int(best.categories[i])
        results.append(
            {
                "image_id": image_id,
                "category_id": own,
                "segmentation": {"size": list(rle["size"]), "counts": counts},
                "score": float(best.scores[i]),
            }
        )
    return results


class ResultsWriter:
    """Writes a COCO result file image by image, holding nothing.

    The file gets its name when all is written. Until then it is called NAME.part, and
    nothing is left of it if the ``with`` block ends by an error. Raises OSError where
    the file cannot be written.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "found.json")
    >>> with ResultsWriter(path) as results:
    ...     results.write([{"image_id": 1}])
    ...     results.write([{"image_id": 2}, {"image_id": 2}])
    >>> len(json.loads(path.read_text()))
    3
    >>> folder.cleanup()
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.count = 0
        self._part = self.path.with_name(self.path.name + ".part")

    def __enter__(self) -> ResultsWriter:
        """Begin the file."""
        self._file = open(self._part, "w", encoding="utf-8")
        self._file.write("[")
        return self

    def write(self, results: Iterable[dict[str, Any]]) -> None:
        """Write the results of one image, one line each."""
        for result in results:
            self._file.write(",\n" if self.count else "\n")
            self._file.write(json.dumps(result))
            self.count += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the whole file its name, or take away what there is of it."""
        try:
            if kind is None:
                self._file.write("\n]\n")
            self._file.close()
            if kind is None:
                os.replace(self._part, self.path)
        finally:
            self._part.unlink(missing_ok=True)
