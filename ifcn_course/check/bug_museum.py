"""Checks of lesson 8: mistakes named from their pictures, and tests that kill mutants.

The pictures carry letters; which mistake a letter stands for is written here only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ifcn_course import museum, progress
from ifcn_course.check.mutants import Outcome, Test, answer, mutants
from ifcn_course.check.rewrites import by_definition, rewrites

LETTERS = {
    "A": ("averaged", "All places of a part are equally bright."),
    "B": ("fortran_channels", "The parts on the diagonal are right, and no others."),
    "C": ("one_map_for_all", "There is no border of a part to be seen."),
    "D": ("offsets_as_places", "The window has moved, and this mask has not changed."),
    "E": ("row_without_k", "The first row of parts is right, the next ones are not."),
    "F": ("center_as_corner", "Half of a window is off the map, and no disc is."),
}
"""For each letter the specimen, and what to look at in its picture."""
EXERCISES = {
    frozenset({"transposed"}): "Exercise 8.2",
    frozenset({"nearest_part", "rounded_too_early", "last_part_wider"}): "Exercise 8.3",
    frozenset({"clipped", "pushed_inside", "wrapped", "last_row_missed",
               "limits_swapped", "zero_for_fill"}): "Exercise 8.4",
    frozenset(): "Exercise 8.5",
}
"""The mutants to kill, none meaning all of them, and the exercise that asks for it."""
CORRECT = 20


def unlabelled(letter: str) -> museum.Specimen:
    """The specimen behind a letter.

    >>> unlabelled("A").concerns[0]
    'assemble'
    """
    return museum.specimen(LETTERS[letter][0])


def diagnosis(function: Callable[[], object]) -> None:
    """Exercise 8.1: the mistakes behind the letters A to F."""
    exercise = "Exercise 8.1"
    try:
        given = function()
    except NotImplementedError:
        print(f"{exercise}: not done yet.")
        return
    if given is None:
        print(f"{exercise}: your function returned nothing. Is there a `return`?")
        return
    if not issubclass(type(given), dict):  # isinstance asks the object itself
        print(f"{exercise}: give a dictionary, for instance "
              'dict(A="transposed", B="wrapped").')
        return
    names = {letter: _name(dict.get(given, letter)) for letter in LETTERS}
    wrong = [letter for letter, (name, _) in LETTERS.items() if names[letter] != name]
    if not wrong:
        progress.right(exercise, f"all {len(LETTERS)} mistakes are named")
        return
    print(f"{exercise}: {len(LETTERS) - len(wrong)} of {len(LETTERS)} are named.")
    for letter in wrong:
        print(f"{letter}: {_remark(names[letter])}{LETTERS[letter][1]}")


def _name(value: object) -> str | None:
    """A text as Python's own; of another value its type."""
    if value is None or issubclass(type(value), str):
        return value and str.__str__(value)
    return f"a value of type {type(value).__name__}"


def _remark(name: str | None) -> str:
    if name is None:
        return ""
    if name not in [each.name for each in mutants()]:
        return f"{name!r} is no name of the list. "
    return f"not {name}. "


def kills(test: Test, *names: str, most: int | None = None) -> None:
    """Exercises 8.2 to 8.5: a test that passes what is right and kills what is wrong.

    Args:
        test: `test(assemble)` returns True where it finds nothing wrong.
        names: of the specimens to kill; none: all wrong assemblers of the museum.
        most: how many scores it may hand to a right assembler; None: any number.

    The test has to pass the definition and correct assemblers that are written in
    other ways. Then the specimens are tried, and those that survive are named.
    """
    exercise = EXERCISES.get(frozenset(names), "Your test")
    try:
        right = answer(test, by_definition)
        fault = _accused(test, right) or _too_large(right, most)
        if fault:
            print(f"{exercise}: not yet right. {fault}")
            return
        wanted = [museum.specimen(name) for name in names] or mutants()
        others = [each for each in mutants() if each not in wanted]
        alive = [each for each in wanted if answer(test, each.function).passes]
        if alive:
            _name_survivors(exercise, right, alive, len(wanted))
            return
        also = sum(not answer(test, each.function).passes for each in others)
    except NotImplementedError:
        print(f"{exercise}: not done yet.")
        return
    progress.right(exercise, f"{_counted(wanted)} killed with {right.scores} scores, "
                   f"and {CORRECT} right assemblers pass")
    if others:
        print(f"Of the other {len(others)} wrong assemblers it kills {also}.")


def _counted(killed: Sequence[museum.Specimen]) -> str:
    return (f"{killed[0].name} is" if len(killed) == 1
            else f"all {len(killed)} are")


def _accused(test: Test, right: Outcome) -> str:
    """What a test finds wrong with a right assembler, "" if nothing."""
    if not right.passes:
        return ("Your test finds a mistake in the right assembler: "
                f"{right.reason.rstrip('.')}. Assemble its case by hand.")
    for function in rewrites(CORRECT, seed=8):
        found = answer(test, function)
        if not found.passes:
            return ("Your test finds a mistake in a right assembler that is only "
                    f"written in another way: {found.reason}. Test what comes out, "
                    "not how.")
    return ""


def _too_large(right: Outcome, most: int | None) -> str:
    if right.scores == 0:
        return "Your test never calls assemble, so it cannot tell right from wrong."
    if most is None or right.scores <= most:
        return ""
    return f"It uses {right.scores} scores; {most} are enough."


def _name_survivors(
    exercise: str, right: Outcome, alive: Sequence[museum.Specimen], count: int
) -> None:
    survive = "survives" if len(alive) == 1 else "survive"
    print(f"{exercise}: not yet right, {len(alive)} of {count} {survive}:")
    for each in alive:
        print(f"  {each.name}: {each.title}")
    if right.nothing:
        print("Your test returned nothing. Is there a `return`?")
    else:
        print("Think of scores and a window for which these give another answer.")
