"""Many small records in one array of bytes."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np


class PackedRecords(Sequence):
    """Records kept as bytes, each made anew when it is taken.

    A data set of 100,000 images has millions of small Python objects. Reading one
    touches its reference count, so every worker process that shares them by fork gets
    its own copy of the page, and memory grows all through an epoch. Bytes in one array
    have no counts. They also travel to a worker in one piece.

    Args:
        records: anything that pickles. They are read one by one and not kept.

    A slice has its own records only, and copies their bytes.

    >>> packed = PackedRecords({"id": i} for i in range(5))
    >>> packed[3], list(packed[1:3])
    ({'id': 3}, [{'id': 1}, {'id': 2}])
    """

    def __init__(self, records: Iterable[Any]) -> None:
        self._keep([pickle.dumps(each, pickle.HIGHEST_PROTOCOL) for each in records])

    def __len__(self) -> int:
        """Count the records."""
        return len(self._ends) - 1

    def __getitem__(self, index: int | slice) -> Any:
        """Make one record, or cut out some."""
        if not isinstance(index, slice):
            return pickle.loads(self._piece(range(len(self))[index]))
        part = object.__new__(PackedRecords)
        part._keep([self._piece(number) for number in range(len(self))[index]])
        return part

    def _keep(self, pieces: list[bytes]) -> None:
        self._bytes = np.frombuffer(b"".join(pieces), np.uint8)
        self._ends = np.cumsum([0, *map(len, pieces)], dtype=np.int64)

    def _piece(self, number: int) -> bytes:
        return self._bytes[self._ends[number] : self._ends[number + 1]].tobytes()
