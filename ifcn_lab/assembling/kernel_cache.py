"""Kernels that numba compiles once and keeps on disk, where there is a place for them.

numba looks for a place in the folder NUMBA_CACHE_DIR, then beside the code, then in
the person's own cache. A read-only package in a container without a home has none of
them; then each process compiles for itself.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache
from numba.core.runtime import rtsys


def kernel(function: Callable, parallel: bool = True) -> Callable:
    """Compile a function for all cores, or take it from disk if it lies there.

    >>> kernel(lambda x: x + 1, parallel=False)(2)
    3
    """
    compiled = njit(function, parallel=parallel, nogil=True)
    with suppress(RuntimeError):  # "no locator available": there is no place
        compiled._cache = KernelCache(function)
    return compiled


def has_place() -> bool:
    """Whether what is compiled here can be kept for the next process."""
    try:
        return bool(KernelCache(has_place).cache_path)
    except RuntimeError:
        return False


class KernelCache(FunctionCache):
    """numba's cache, which makes ready for running only.

    numba's own makes ready for compiling first: it loads all that numba can compile,
    and SciPy's linear algebra, which takes longer than the rest of the start.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The kernel for these types, or None if it has to be compiled."""
        rtsys.initialize(target_context)  # machine code is linked to its functions
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a kernel; a full disk is no reason to stop."""
        with suppress(OSError):
            super().save_overload(sig, data)
