"""Copying numbers that stand side by side: one instruction or two, where few are known.

numba has slices, but a slice costs more to make than a cell of five scores costs to
copy. LLVM's memcpy has no such cost: of a length that the compiler knows it makes the
widest moves that the processor has, of any other length a call of C's memcpy.
"""

from __future__ import annotations

from typing import no_type_check

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, overload


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
