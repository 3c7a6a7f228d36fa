"""Lesson 8: reading mistakes off masks, and tests that find them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ifcn_course import museum
from ifcn_course.assignment.variant import Draws, Unfit
from ifcn_course.exam.figures import grids
from ifcn_course.exam.question import Question, calculation, fault
from ifcn_course.museum import Specimen
from ifcn_lab.assembling import assemble
from ifcn_lab.windows.oracle import oracle_maps

SEEN = ("transposed", "fortran_channels", "one_map_for_all", "center_as_xy",
        "center_as_corner")
WIDTHS: dict[str, Callable[[int, int, int], int]] = {
    "i // -(-m // k)": lambda i, k, m: i // -(-m // k),
    "min(i // (m // k), k - 1)": lambda i, k, m: min(i // (m // k), k - 1),
}


def specimen(name: str) -> Specimen:
    """A mistake of assembling."""
    return next(one for one in museum.concerning("assemble") if one.name == name)


def which_mistake(draws: Draws) -> Question:
    """The mistake that made a mask."""
    mask = np.zeros((1, 14, 14), bool)
    mask[0, 3:8, 5:7] = True
    mask[0, 7:9, 5:5 + draws.whole("foot", 4, 5)] = True
    mask[0, 3:5, 5 - draws.whole("nose", 1, 2):7] = True
    center = np.array([[5, 6]])
    maps = oracle_maps(mask, center, 3, 6).astype(int)
    right = assemble(maps, 6, centers=[(5, 6)])[0]
    made = {name: specimen(name).function(maps, 6, center, 0)[0] for name in SEEN}
    shown = draws.one("shown", SEEN)
    others = draws.shuffled("others", [name for name in SEEN if name != shown])[:3]
    told = {one.tobytes() for one in (right, *(made[n] for n in (shown, *others)))}
    if len(told) < 5:
        raise Unfit("two mistakes make the same mask")
    pictures = {name: np.where(mask > 0, "#", "").tolist()
                for name, mask in (("right", right), ("wrong", made[shown]))}
    return Question(
        "A window with m = 6 and k = 3 stands at (y, x) = (5, 6), far from the border. "
        "The figure shows its mask, assembled rightly and with one mistake. Which?",
        specimen(shown).title, specimen(shown).mistake,
        {specimen(name).title: specimen(name).mistake for name in others},
        figure=grids(pictures, "Two masks of 6 x 6 places, row by row: right "
                     f"{right.tolist()}, wrong {made[shown].tolist()}."))


def where_it_hides(draws: Draws) -> Question:
    """The m for which a wrong rule goes unseen."""
    k, rule = draws.one("k", [3, 4, 5]), draws.one("rule", list(WIDTHS))
    wrong = WIDTHS[rule]
    hidden = [m for m in range(2 * k, 6 * k)
              if all(wrong(i, k, m) == i * k // m for i in range(m))]
    seen = [m for m in range(2 * k, 6 * k) if m not in hidden]
    three = draws.shuffled("seen", seen)[:3]
    answer = draws.one("hidden", [m for m in hidden if m % k == 0])
    whys = {m: next(i for i in range(m) if wrong(i, k, m) != i * k // m) for m in three}
    return Question(
        f"`{rule}` is a wrong rule for the row of the grid that row i of the window "
        f"lies in. A test tries it with k = {k} at every i, for one m. For which m "
        "does it find nothing wrong?", f"m = {answer}",
        f"{k} divides {answer}, so all parts are {answer // k} places wide by either "
        "rule.",
        {f"m = {m}": f"At i = {i} it gives {wrong(i, k, m)}, right is {i * k // m}."
         for m, i in whys.items()})


def which_test(draws: Draws) -> Question:
    """The one test that finds a mistake."""
    name = draws.one("mistake", ["transposed", "one_array_for_all", "clipped"])
    tests = {
        "transposed": "One window, wholly on the maps, whose right mask is a letter L",
        "one_array_for_all": "Two windows, wholly on the maps, round discs of "
                             "different sizes in their middle",
        "clipped": "One window in the upper left corner, with its centre on the "
                   "diagonal of the maps, round a disc in its middle",
        "none": "One window in the middle of the maps, round a disc in its middle",
    }
    whys = {"transposed": "There is one window, and no border.",
            "one_array_for_all": "Both windows lie on the map, and discs are their own "
                                 "mirror images.",
            "clipped": "A disc is its own mirror image, and there is one window.",
            "none": "A round object in the middle is a weak test: it stays right."}
    return Question(
        f"A program assembles with this mistake: {specimen(name).title.lower()}. "
        f"({explained(name)}) Which of these tests finds it?", tests[name],
        "The only one in which the mistake changes a number.",
        {text: whys[which] for which, text in tests.items() if which != name})


def explained(name: str) -> str:
    """What the mistake of `which_test` does."""
    return {"transposed": "It swaps rows and columns of every window.",
            "one_array_for_all": "All windows are written into the same array.",
            "clipped": "A window that reaches over the border is pushed back onto the "
                       "maps."}[name]


def survivors(draws: Draws) -> Question:
    """Counting mutants, and the right programs that a test has to let pass."""
    mutants, right = draws.whole("mutants", 18, 30), draws.whole("right", 3, 5)
    stopped, refused = draws.whole("stopped", 1, 3), draws.whole("refused", 0, 1)
    false = mutants - stopped - draws.whole("left", 2, 5)
    left = mutants - stopped - false
    use = "no" if refused else "yes"
    return calculation(
        f"A test is tried on {mutants} mutants: it returns False for {false} of them, "
        f"stops with an error on {stopped}, and returns True for the rest. Of {right} "
        f"right programs it returns False for {refused}. How many mutants survive, and "
        "may the test be used as it is (yes or no)?", [left, use],
        f"A mutant that stops with an error is killed, too: {mutants} - {false} - "
        f"{stopped}. A test that refuses a right program is wrong itself.",
        [([left + stopped, use], "mutants that stop with an error counted as "
                                 "survivors"),
         ([left, "yes" if refused else "no"], "survivors or refusals misjudged"),
         ([false, use], "killed ones counted")])


def weak_test(draws: Draws) -> Question:
    """A test with a fault."""
    return fault(
        "This test of `assemble(maps, m, centers)` shall find an assembler that swaps "
        "rows and columns, and let a right one pass. It compares with the slow "
        "definition `slow`.", """\
rng = np.random.default_rng(8)
maps = rng.integers(99, size=(9, 8, 11))
center = (3, 6)
expected = slow(maps, 7, [center])
return np.array_equal(assemble(maps, 7, [center]), expected)""",
        [(4, "expected = assemble(maps, 7, [center])",
          "It compares the assembler with itself, so every one passes."),
         (2, "maps = np.ones((9, 8, 11))",
          "All scores are equal, so a swap changes nothing and is not found."),
         (5, "return assemble(maps, 7, [center]).sum() == expected.sum()",
          "A sum does not change when rows and columns are swapped.")],
        draws.whole("fault", 0, 2))


QUESTIONS = (which_mistake, where_it_hides, which_test, survivors, weak_test)
