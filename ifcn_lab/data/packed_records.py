"""Many small records in one array of bytes."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Sequence
from typing import Any, overload

import numpy as np


class PackedRecords(Sequence):
    """Records kept as bytes, each made anew when it is taken.

    A data set of 100,000 images has millions of small Python objects. Reading one
    touches its reference count, so every worker process that shares them by fork gets
    its own copy of the page, and memory grows all through an epoch. Bytes in one array
    have no counts. They also travel to a worker in one piece.

    Args:
        records: anything that pickles. They are read one by one and not kept.

    A slice shares the bytes. When it is pickled only its own records go along.

    >>> packed = PackedRecords({"id": i} for i in range(5))
    >>> packed[3], list(packed[1:3])
    ({'id': 3}, [{'id': 1}, {'id': 2}])
    """

    def __init__(self, records: Iterable[Any]) -> None:
        pieces = [pickle.dumps(record, pickle.HIGHEST_PROTOCOL) for record in records]
        self._keep(pieces)

    def __len__(self) -> int:
        """Count the records."""
        return len(self._order)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> PackedRecords: ...
    def __getitem__(self, index: int | slice) -> Any:
        """Make one record, or cut out some that share their bytes with these."""
        if isinstance(index, slice):
            part = object.__new__(PackedRecords)
            part._bytes, part._ends = self._bytes, self._ends
            part._order = self._order[index]
            return part
        return pickle.loads(self._piece(int(self._order[index])))

    def __getstate__(self) -> dict[str, np.ndarray]:
        """Give what is pickled: of a slice, only its own records."""
        if len(self._order) < len(self._ends) - 1:
            own = object.__new__(PackedRecords)
            own._keep([self._piece(number) for number in self._order.tolist()])
            return vars(own)
        return vars(self)

    def _keep(self, pieces: list[bytes]) -> None:
        self._bytes = np.frombuffer(b"".join(pieces), np.uint8)
        self._ends = np.cumsum([0, *map(len, pieces)], dtype=np.int64)
        self._order = np.arange(len(pieces))

    def _piece(self, number: int) -> bytes:
        return self._bytes[self._ends[number] : self._ends[number + 1]].tobytes()
