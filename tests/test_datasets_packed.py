"""Annotations lie as bytes: workers get them in one piece, and memory stays flat."""

from __future__ import annotations

import gc
import json
import os
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from coco_cases import PICTURE, SQUARE, annotation, compressed, write
from hypothesis import given, settings
from hypothesis import strategies as st

from ifcn_lab.data import coco
from ifcn_lab.data.coco import CocoFolder
from ifcn_lab.data.packed_records import PackedRecords

RECORDS = st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=9),
                             st.lists(st.floats(allow_nan=False), max_size=4)))


@given(records=RECORDS, cut=st.slices(8))
@settings(max_examples=60)
def test_packed_is_a_list_of_the_same_records(records: list, cut: slice) -> None:
    packed = PackedRecords(records)
    for _ in range(2):  # once as made, once as pickled
        assert list(packed) == records and len(packed) == len(records)
        assert list(packed[cut]) == records[cut]
        assert list(packed[cut][::-1]) == records[cut][::-1]
        assert list(pickle.loads(pickle.dumps(packed[cut]))) == records[cut]
        packed = pickle.loads(pickle.dumps(packed))
    with pytest.raises(IndexError):
        packed[len(records)]


def test_a_slice_pickles_only_its_own_records() -> None:
    packed = PackedRecords([bytes(1000)] * 1000)
    part = packed[10:20]
    assert len(pickle.dumps(packed)) > 1_000_000
    assert len(pickle.dumps(part)) < 12_000


def crowded(folder: Path, images: int, objects: int) -> CocoFolder:
    """A COCO folder of many annotations; the one picture is every image's."""
    rng = np.random.default_rng(0)
    listed = [PICTURE | {"id": i} for i in range(images)]
    polygons = rng.uniform(0, 8, (images * objects, 40)).round(2)
    entries = [annotation([points.tolist()], id=n, image_id=n % images)
               for n, points in enumerate(polygons)]
    return CocoFolder(write(folder, entries, listed))


def test_the_pickled_size_is_that_of_the_annotations(tmp_path: Path) -> None:
    folder = crowded(tmp_path, images=20, objects=20)
    text = folder.annotations.stat().st_size
    assert len(pickle.dumps(folder)) < 2 * text
    assert len(pickle.dumps(folder[:5])) < 2 * text / 4 + 1000
    assert folder.objects == 400 and folder[:5].objects == 100


def test_nothing_is_decoded_on_opening(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[int] = []
    real = coco.mask_of
    monkeypatch.setattr(coco, "mask_of", lambda *region: decoded.append(1) or
                        real(*region))
    path = write(tmp_path, [annotation([SQUARE], id=i) for i in range(5)])
    folder = CocoFolder(path)
    assert decoded == [] and folder.objects == 5
    assert len(folder[0].masks) == 5 and decoded == [1] * 5


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_reading_in_a_forked_worker_copies_no_annotations() -> None:
    numbers = np.random.default_rng(0).uniform(0, 8, (6000, 100)).tolist()
    packed = PackedRecords(numbers)
    assert len(pickle.dumps(packed)) > 5_400_000
    copied = grown_by_reading(numbers)               # as objects, all are copied
    assert copied > 12_000_000
    # What the reading itself takes; which pages it writes to also depends on how full
    # those of a long-lived process are, so the best of three counts, of many records.
    assert min(grown_by_reading(packed) for _ in range(3)) < copied / 4


def grown_by_reading(records: Sequence) -> int:
    """How many bytes of its own a forked child gets by taking every record."""
    end, start = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover
        gc.disable()  # it would write to the pages of whatever else this process holds
        sum(records[0])
        before = private()
        for record in records:
            sum(record)
        os.write(start, str(private() - before).encode())
        os._exit(0)
    os.waitpid(child, 0)
    return int(os.read(end, 100))


def private() -> int:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    sizes = {line.split(":")[0]: line.split()[1] for line in lines[1:]}
    return 1024 * int(sizes["Private_Dirty"])


def test_fields_that_coco_does_not_know_are_accepted_everywhere(tmp_path: Path) -> None:
    odd = {"weather": ["rain"], "nested": {"a": None}}
    mask = np.eye(8, 12) > 0
    entry = annotation(compressed(mask) | odd, id=1) | odd
    path = write(tmp_path, [entry], [PICTURE | odd])
    document = json.loads(path.read_text()) | odd
    document["categories"] = [{"id": 5, "name": "cat"} | odd]
    path.write_text(json.dumps(document))
    sample = CocoFolder(path)[0]
    assert (sample.masks == mask).all() and sample.ids == (1,)
