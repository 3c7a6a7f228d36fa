"""Lesson 8 for a class: its own wrong masks, and tests that find the bug."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int, Shaped

from ifcn_course import museum
from ifcn_course.assignment.pictures import packed
from ifcn_course.assignment.scores import ClassScene, class_scores, told
from ifcn_course.assignment.sheet import Sheet, first_steps, wrapped
from ifcn_course.assignment.task import Asked, Lead, Task, Tried, calls
from ifcn_course.assignment.tasks.counting import number_task, window_task
from ifcn_course.assignment.variant import Unfit, Variant
from ifcn_course.museum import Specimen
from ifcn_lab.assembling import assemble
from ifcn_lab.grid import Grid

SHOWN = ("transposed", "fortran_channels", "row_without_k", "one_map_for_all",
         "center_as_xy", "center_as_corner", "offsets_as_places")
"""Specimens that may have made a wrong mask; the students get all their titles."""

READINGS = {
    "the last one, row by row": ((0, 1), -1),
    "the first one, column by column": ((1, 0), 0),
    "the last one, column by column": ((1, 0), -1),
}
RULES = {
    "wide parts": "i // -(-m // k)",
    "the middle of the place": "(2 * i + 1) * k // (2 * m)",
    "the last part takes the rest": "min(i // (m // k), k - 1)",
}
"""Wrong rules for the part of offset i, as source; each is right for some m."""


def sheet(variant: Variant) -> Sheet:
    """The tasks of lesson 8 for one class."""
    draws = variant.draws
    scene = ClassScene(variant)
    names = draws.shuffled("exhibits", SHOWN)[:4]
    reading, rule = draws.one("reading", list(READINGS)), draws.one("rule", list(RULES))
    broken, most = draws.one("broken", SHOWN[:5]), draws.whole("most", 150, 400)
    tasks = (first_task(reading), bug_task(scene, names), number_task(variant),
             window_task(variant), verdict_task(variant),
             hiding_task(rule, variant.k), hidden_task(variant, rule, most),
             wrong_task(scene, broken))
    return Sheet("The bug museum", "You look at wrong masks, say what went wrong, and "
                 "write tests that find the bug.", first_steps(variant), tasks,
                 {"exhibits": names, "reading": reading, "rule": rule,
                  "specimen": broken, "most": most})


def first_task(reading: str) -> Task:
    """Where two windows differ first, read the class's way."""
    base = np.arange(20).reshape(4, 5)
    one, two, three = base.copy(), base.copy(), base.copy()
    one[2, 1] = two[1, 3] = two[3, 0] = 99
    three[0] = three[:, 4] = -1
    cases = tuple(Asked(what, (yours, base), "Compare, then read the places in the "
                        "order that is asked for.")
                  for what, yours in [("one place", one), ("two places", two),
                                      ("a row and a column", three), ("none", base)])
    (first, second), at = READINGS[reading]
    lines = ("places = np.argwhere(yours != expected).tolist()\n"
             "if not places:\n"
             "    return (-1, -1)\n"
             f"places.sort(key=lambda place: (place[{first}], place[{second}]))\n"
             f"return tuple(places[{at}])")
    return Task("wrong_place(yours, expected)", "Where is it wrong?",
        "Two windows differ in some places.\nReturn the (row, column) of one of them: "
        f"in your class **{reading}**.\nIf no place differs, return (-1, -1).", lines,
        lambda yours, expected: wrong_place(yours, expected, reading), cases,
        tried=Tried("wrong_place(np.eye(3), np.ones((3, 3)))", "numbers of shape (2,)"))


def wrong_place(
    yours: Shaped[np.ndarray, "h w"], expected: Shaped[np.ndarray, "h w"], reading: str
) -> tuple[int, int]:
    """One place that differs, read the class's way; (-1, -1) if none does."""
    (first, _), at = READINGS[reading]
    wrong = yours != expected
    turned = wrong.T if first else wrong
    places = np.argwhere(turned)
    if not len(places):
        return -1, -1
    row, column = places[at][::-1] if first else places[at]
    return int(row), int(column)


def broken_window(
    name: str, maps: Shaped[np.ndarray, "kk H W"], m: int, center: Sequence[int]
) -> Shaped[np.ndarray, "m m"]:
    """The window that a specimen makes of maps counted row by row."""
    return specimen(name).function(maps, m, np.array([center]), 0)[0]


def specimen(name: str) -> Specimen:
    """A mistake of assembling; the museum's slow rooms stay shut."""
    return next(one for one in museum.concerning("assemble") if one.name == name)


def telling_window(
    scene: ClassScene,
) -> tuple[Bool[np.ndarray, "m m"], dict[str, Bool[np.ndarray, "m m"]]]:
    """A window that every specimen of `SHOWN` spoils, each in its own way."""
    maps, m = scene.paper_maps.astype(np.int64), scene.variant.m
    for center in scene.centers.tolist():
        right = assemble(maps, m, centers=[tuple(center)])[0] > 0
        wrong = {name: broken_window(name, maps, m, center) > 0 for name in SHOWN}
        made = [right, *wrong.values()]
        if len({mask.tobytes() for mask in made}) == len(made):
            return right, wrong
    raise Unfit("no window of the scene tells all specimens apart")


def bug_task(scene: ClassScene, names: Sequence[str]) -> Task:
    """Which mistake made each picture."""
    right, wrong = telling_window(scene)
    letters = dict(zip("ABCD", names, strict=True))
    titles = {letter: specimen(name).title for letter, name in letters.items()}
    listed = "\n".join(f"- {specimen(name).title}" for name in sorted(SHOWN))
    lines = ",\n".join(f'    "{letter}": "{title}"' for letter, title in titles.items())
    pictures = ",\n".join(f'    "{letter}": {inner(packed(wrong[name]))}'
                          for letter, name in letters.items())
    code = (f"right = {wrapped(packed(right))}\nwrong = {{\n{pictures},\n}}\n"
            "draw.show(pictures.exhibits(right, wrong))")
    step = Lead("## Your exhibits\n\nA window of your class's scene, assembled "
                "rightly, and four times with a mistake.\nThey were made of maps that "
                "are counted row by row, as `ifcn_lab.assemble` counts, not of yours.\n"
                "Every number of a list is a row of the mask, its bits are the "
                "places.\n"
                "`pictures.unpacked(right)` is the mask.",
                code)
    cases = tuple(Asked(f"exhibit {letter}", (letter,), "Assemble the window with each "
                        "mistake and compare.") for letter in titles)
    return Task("bug_of(letter)", "What went wrong?",
        "Return the title of the mistake that made an exhibit, as it stands in this "
        f"list:\n\n{listed}\n\nNo mistake made two of them.",
        f"titles = {{\n{lines},\n}}\nreturn titles[letter]",
        lambda letter: titles[letter], cases, before=(step,))


def inner(numbers: Sequence[int]) -> str:
    """A list as source, four spaces further in."""
    return wrapped(numbers, 64).replace("\n", "\n    ")


def verdict_task(variant: Variant) -> Task:
    """A test: which windows are right?"""
    k, m = variant.k, variant.m
    places = [(m + 3, m // 2 + 2, m // 2 + 1), (m + 2, 1, m), (m + 1, m - 1, 2)]
    cases = []
    for number, (size, y, x) in enumerate(places):
        maps = told(k, size)
        made = judged(variant, variant.to_paper(maps), (y, x), number)
        cases.append(Asked(f"six windows at ({y}, {x})", (made, maps, y, x),
                           "One wrong place is enough to call a window wrong.", 2))
    lines = ("expected = window_at(maps, y, x)\n"
             "return [np.array_equal(window, expected) for window in windows]")
    return Task("verdicts(windows, maps, y, x)", "A test that finds the bug",
        "`windows` are six windows at (y, x), M x M each, that somebody assembled from "
        "`maps`, which are in your order; off the map stands 0.\nReturn six truth "
        "values: whether each window is right.", lines,
        lambda windows, maps, y, x: right_ones(variant, windows, maps, (y, x)),
        tuple(cases), tried=Tried("verdicts(np.zeros((6, M, M)), np.ones((K * K, 9, "
                                  "9)), 4, 4)", "truth values of shape (6,)"))


def judged(
    variant: Variant, paper: Int[np.ndarray, "kk H W"], center: tuple[int, int],
    number: int,
) -> Int[np.ndarray, "six m m"]:
    """Six windows, two of them or three right, in an order that was drawn."""
    right = assemble(paper, variant.m, centers=[center])[0]
    wrong = [broken_window(name, paper, variant.m, center) for name in SHOWN]
    spoiled = right.copy()
    spoiled[-1, variant.m // 2] += 1
    count = variant.draws.whole(f"right {number}", 1, 3)
    chosen = variant.draws.shuffled(f"wrong {number}", range(len(wrong)))[: 5 - count]
    made = [right] * count + [wrong[n] for n in chosen] + [spoiled]
    order = variant.draws.shuffled(f"windows {number}", range(6))
    return np.stack([made[n] for n in order]).astype(np.int16)


def right_ones(
    variant: Variant, windows: Int[np.ndarray, "six m m"],
    maps: Int[np.ndarray, "kk H W"], center: tuple[int, int],
) -> list[bool]:
    """Which windows equal the library's."""
    paper = variant.to_paper(maps)
    expected = assemble(paper, variant.m, centers=[center])[0]
    return [bool((window == expected).all()) for window in windows]


def hides(rule: str, k: int, m: int) -> bool:
    """Whether a wrong rule gives the right part for every offset.

    >>> hides("wide parts", 3, 8), hides("wide parts", 3, 7)
    (True, False)
    """
    i = np.arange(m)
    parts = {"wide parts": i // -(-m // k),
             "the middle of the place": (2 * i + 1) * k // (2 * m),
             "the last part takes the rest": np.minimum(i // (m // k), k - 1)}
    return bool((parts[rule] == Grid(k, m).part_of).all())


def hiding_task(rule: str, own: int) -> Task:
    """The window sides at which a wrong rule cannot be seen, and a printed target."""
    total = sum(m for m in range(own, 61) if hides(rule, own, m))
    cases = calls("k = {0}, m = {0} to {1}", "Compare the rule "
                  "with i * k // m for every offset i from 0 to m - 1.",
                  [(2, 9), (3, 20), (4, 33), (6, 40)])
    lines = ("found = []\n"
             "for m in range(k, most + 1):\n"
             f"    if all({RULES[rule]} == i * k // m for i in range(m)):\n"
             "        found.append(m)\n"
             "return found")
    return Task("hiding_places(k, most)", "Where does a bug hide?",
        f"Somebody wrote `{RULES[rule]}` for the part of offset i; right is `i * k // "
        "m`.\nFor some m both give the same for every i, and no test with that m kills "
        "the mutant.\nList these m, from k to `most`.", lines,
        lambda k, most: [m for m in range(k, most + 1) if hides(rule, k, m)], cases,
        tried=Tried("sum(hiding_places(K, 60))", "a whole number", "For your K the "
                    f"list up to 60 adds up to **{total}**. Does yours?", total))


def hidden_task(variant: Variant, rule: str, most: int) -> Task:
    """A number: the sum of the hiding places."""
    k = variant.k
    return Task("sum_of_places()", "All hiding places of your class",
        f"Return the sum of all m from K to {most} at which no test kills the mutant, "
        "for your K.", f"return sum(hiding_places(K, {most}))",
        lambda: sum(m for m in range(k, most + 1) if hides(rule, k, m)),
        (Asked("the sum", (), f"{most} itself belongs to it.", 1),))


def wrong_task(scene: ClassScene, name: str) -> Task:
    """A number: places that a specimen gets wrong, and a printed target."""
    variant, scores = scene.variant, class_scores(scene.variant)
    right = assemble(scores.maps, variant.m, centers=scene.centers)
    wrong = specimen(name).function(scores.maps, variant.m, scene.centers, 0)
    counts = (right != wrong).sum((1, 2))
    total = int((counts * np.arange(1, len(counts) + 1)).sum())
    code = (f"import ifcn_lab\nfrom ifcn_course import museum\n\n"
            f"{scene.lines(maps=False)}\n{scores.line}\n"
            'shelf = {one.name: one for one in museum.concerning("assemble")}\n'
            f'broken = shelf["{name}"].function')
    lines = """\
right = ifcn_lab.assemble(scores, M, centers=centers)
wrong = (broken(scores, M, centers, 0) != right).sum((1, 2))
return (wrong * np.arange(1, len(wrong) + 1)).sum()"""
    step = Lead("## A specimen\n\n`broken(scores, M, centers, 0)` assembles a window "
                "at each centre, with a mistake in it, and 0 off the map.\nIt and the "
                "library count row by row; here you do too.", code)
    return Task("places_wrong()", "How much does it break?",
        "Count for each window of your scene the places that `broken` gets wrong on "
        "`scores`.\nReturn the count of the first window plus 2 times that of the "
        "second plus 3 times that of the third, and so on.", lines, lambda: total,
        (Asked("the weighted count", (), "`ifcn_lab.assemble` makes the right windows.",
               2),), before=(step,))
