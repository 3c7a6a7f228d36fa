"""Two tasks that several lessons ask: the number of a part, and a whole window."""

from __future__ import annotations

from ifcn_course.assignment.scores import grids, told, turned
from ifcn_course.assignment.task import Asked, Task, Tried, calls
from ifcn_course.assignment.variant import Variant
from ifcn_lab.assembling import assemble


def number_task(variant: Variant) -> Task:
    """The number of a part, as the class counts."""
    k = variant.k
    asked = [(*turned(variant, other, other), other) for other in grids(variant)[:-1]]
    asked += [(0, k - 1, k), (k - 1, k - 2, k), (*turned(variant, k, k), k)]
    cases = calls("row {}, column {}, k = {}",
                  "Look it up in the figure, then look for the rule.",
                  dict.fromkeys(asked))
    return Task("part_number(a, b, k)", "Count the parts",
        "Write the number of the part in grid row a and grid column b, as your class "
        "counts.\nLater tasks may call this function.", variant.number_lines,
        lambda a, b, k: int(variant.table(k)[a, b]), cases)


def window_task(variant: Variant) -> Task:
    """One window of the class's k and m, with 0 off the map."""
    k, m = variant.k, variant.m
    asked = [(m, m // 2, m // 2), (m + 2, 1, m), (m + 1, m, 2)]
    cases = tuple(Asked(f"centre ({y}, {x}) of {size} x {size} places",
                        (told(k, size), y, x), "Offset i lies in part i * K // M; off "
                        "the map a place stays 0.") for size, y, x in asked)
    lines = """\
window = np.zeros((M, M), maps.dtype)
for i, j in np.ndindex(M, M):
    c = part_number(i * K // M, j * K // M, K)
    row, column = y - M // 2 + i, x - M // 2 + j
    if 0 <= row < maps.shape[1] and 0 <= column < maps.shape[2]:
        window[i, j] = maps[c, row, column]
return window"""
    return Task("window_at(maps, y, x)", "A window in your order",
        "Assemble the window at (y, x) from maps in your order, with your K and M.\n"
        "Off the map its places are 0.", lines,
        lambda maps, y, x: assemble(variant.to_paper(maps), m,
                                    centers=[(y, x)])[0], cases,
        tried=Tried("window_at(np.ones((K * K, 3, 3)), 1, 1)",
                           f"numbers of shape ({m}, {m})"))
