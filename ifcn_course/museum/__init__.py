"""The bug museum: real mistakes as small functions, to recognise and to look at.

Each file holds the mistakes of one subject. A check compares a learner's answers with
those of the specimens that concern it; lesson 8 shows their pictures.
"""

from __future__ import annotations

from importlib import import_module

from ifcn_course.museum.adapting import AS_ASKED
from ifcn_course.museum.specimen import SHELF, Specimen, source

__all__ = ["Specimen", "concerning", "source", "specimen", "specimens"]
_FILES = ("assembling", "placing", "shifting", "parts", "kept_scores", "training",
          "drawing", "sizes", "formats", "drawn_windows", "classes", "mixing",
          "embedding", "league")
_SLOW = {
    "boxing": (
        "away_from_zero", "pool_places", "align_points", "gradient_of_ends",
        "label_anchors", "decode"),
    "proposing": ("box_overlap", "suppress", "recall", "suppress_masks"),
    "threads": ("copy_one", "copy_all"),
}
"""Files that load torch or numba, and the checks that need them."""


def specimens() -> tuple[Specimen, ...]:
    """Every specimen, subject by subject.

    >>> len(specimens()) > 40
    True
    """
    _load(*_FILES, *_SLOW)
    return tuple(SHELF.values())


def specimen(name: str) -> Specimen:
    """One specimen by its name.

    Raises:
        ValueError: there is none of that name.

    >>> specimen("early_rounding").function(20, 5, 21)
    5
    """
    found = {each.name: each for each in specimens()}
    if name not in found:
        have = ", ".join(sorted(found))
        raise ValueError(f"there is no specimen {name!r}; there are: {have}")
    return found[name]


def concerning(check: str) -> tuple[Specimen, ...]:
    """The specimens that a check should recognise, their functions as it calls them.

    Most mistakes of assembling are written once, for `assemble`; here they take what
    the exercise's function takes. A check without specimens has an empty tuple.

    >>> [each.name for each in concerning("part_of")][:2]
    ['early_rounding', 'clamped_early_rounding']
    >>> concerning("no_such_check")
    ()
    """
    _load(*_FILES, *(file for file, asked in _SLOW.items() if check in asked))
    found = [each for each in SHELF.values() if check in each.concerns]
    return tuple(_as_asked(each, check) for each in found)


def _as_asked(each: Specimen, check: str) -> Specimen:
    if check not in AS_ASKED or "assemble" not in each.concerns:
        return each
    return each._replace(function=AS_ASKED[check](each.function))


def _load(*files: str) -> None:
    for file in files:
        import_module(f"{__name__}.{file}")
