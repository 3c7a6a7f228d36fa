"""What numba's kernels are made with: a cache on disk, and a copy of few numbers that
stand side by side in one instruction or two.

numba looks for a place in the folder NUMBA_CACHE_DIR, then beside the code, then in
the person's own cache. A read-only package in a container without a home has none of
them; then each process compiles for itself.

numba has slices, but a slice costs more to make than a part of five scores costs to
copy. LLVM's memcpy has no such cost: of a length that the compiler knows it makes the
widest moves that the processor has, of any other length a call of C's memcpy.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, no_type_check

from llvmlite import ir
from numba import njit
from numba.core import cgutils, types
from numba.core.caching import FunctionCache
from numba.core.runtime import rtsys
from numba.extending import intrinsic, overload


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


@no_type_check  # numba compiles it; a type checker's wrapper would hide it
def copy_numbers(to, at, source, start, count):
    """Copy `count` numbers of a flat array to a place in another of the same dtype.

    Compiled, it checks nothing. As plain Python (NUMBA_DISABLE_JIT=1), it does.

    Raises:
        IndexError: in plain Python, where a number would lie outside its array.

    >>> import numpy as np
    >>> to = np.zeros(5, int)
    >>> copy_numbers(to, 1, np.arange(10, 20), 3, 2)
    >>> to
    array([ 0, 13, 14,  0,  0])
    """
    for array, first in ((to, at), (source, start)):
        if count < 0 or first < 0 or first + count > len(array):
            raise IndexError(
                f"{count} numbers from {first} on lie outside an array of {len(array)}")
    to[at : at + count] = source[start : start + count]


@overload(copy_numbers)
@no_type_check
def _compiled_copy(to, at, source, start, count):
    def copy(to, at, source, start, count):
        _memcpy(to, at, source, start, count)

    return copy


@intrinsic
@no_type_check
def _memcpy(typing_context, to, at, source, start, count):
    signature = types.void(to, types.intp, source, types.intp, types.intp)

    def generate(context, builder, signature, arguments):
        to, at, source, start, count = arguments
        kind = signature.args[0]
        size = context.get_abi_sizeof(context.get_data_type(kind.dtype))
        ends = [
            builder.gep(context.make_array(kind)(context, builder, array).data, [index])
            for array, index in ((to, at), (source, start))
        ]
        length = builder.mul(count, ir.Constant(count.type, size))
        cgutils.raw_memcpy(builder, *ends, length, 1)
        return context.get_dummy_value()

    return signature, generate
