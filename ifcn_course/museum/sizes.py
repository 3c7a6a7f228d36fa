"""Mistakes about sizes of objects, in octaves and as zooms: lessons 5 and 6."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ifcn_course.museum.specimen import mistake

Number = float | np.number


@mistake(
    "Too small counts as near",
    "It looks as if octaves below the right size are negative.",
    "Half the size is as far off as twice the size: take the absolute value.",
    "octaves_off",
)
def octaves_signed(length: float, right: float) -> Number:
    """Forgets the absolute value."""
    return np.log2(length / right)


@mistake(
    "Natural logarithm",
    "It looks as if the logarithm is the natural one.",
    "An octave is a factor of 2: np.log2.",
    "octaves_off",
)
def natural_octaves(length: float, right: float) -> Number:
    """Counts in factors of e."""
    return abs(np.log(length / right))


@mistake(
    "Difference for octaves",
    "It looks as if the difference of the two lengths is taken.",
    "Octaves count factors: abs(np.log2(length / right)).",
    "octaves_off",
)
def pixels_off(length: float, right: float) -> float:
    """Counts pixels."""
    return abs(length - right)


@mistake(
    "Share for octaves",
    "It looks as if the difference is given as a share of the right size.",
    "Octaves count factors: abs(np.log2(length / right)).",
    "octaves_off",
)
def share_off(length: float, right: float) -> float:
    """Twice as large is one octave off, half as large is not half an octave."""
    return abs(length - right) / right


@mistake(
    "Divided the wrong way",
    "It looks as if the length is divided by the right size.",
    "A small object needs a large zoom: right / length.",
    "exact_zoom",
)
def zoom_upside_down(length: float, right: float) -> float:
    """Makes large objects larger."""
    return length / right


@mistake(
    "Difference for zoom",
    "It looks as if the difference of the two lengths is taken.",
    "A zoom is a factor: zoom times length is the right size.",
    "exact_zoom",
)
def zoom_by_difference(length: float, right: float) -> float:
    """Subtracts where it should divide."""
    return right - length


@mistake(
    "Zoom in octaves",
    "It looks as if the zoom is given in octaves.",
    "The zoom itself is asked, not its logarithm: right / length.",
    "exact_zoom",
)
def zoom_in_octaves(length: float, right: float) -> Number:
    """Takes the logarithm of the right answer."""
    return np.log2(right / length)


@mistake(
    "Zoom in whole numbers",
    "It looks as if the zoom is rounded down.",
    "A zoom need not be whole: divide with /, not with //.",
    "exact_zoom",
)
def whole_zoom(length: float, right: float) -> float:
    """Divides with //."""
    return right // length


@mistake(
    "Tolerance in natural logarithms",
    "It looks as if the logarithm is the natural one.",
    "An octave is a factor of 2: np.log2.",
    "best_zoom",
)
def zoom_in_factors_of_e(
    length: float, zooms: Sequence[float], right: float, tolerance: float
) -> int:
    """Finds the right zoom, and lets too many pass."""
    far = np.abs(np.log(length * np.array(zooms) / right))
    return int(far.argmin()) if far.min() <= tolerance else -1


@mistake(
    "First zoom that fits",
    "It looks as if the first zoom within the tolerance is taken.",
    "Take the nearest of them: argmin.",
    "best_zoom",
)
def first_that_fits(
    length: float, zooms: Sequence[float], right: float, tolerance: float
) -> int:
    """Does not look on once a zoom will do."""
    fits = np.abs(np.log2(length * np.array(zooms) / right)) <= tolerance
    return int(fits.argmax()) if fits.any() else -1
