"""A small lesson that keeps every rule, for tests of the builder and of the budget."""

from __future__ import annotations

OPENING = """\
# Tiny

> **Time** 9 minutes: 3 explaining, 6 doing. Run All takes
> about 20 seconds on two cores, and at most 900 MB.

+++

Multiply.

```{code-cell}
from ifcn_course.check.report import Case, report


class check:
    def times(fn, number, by):
        report(f"Exercise {number}", fn, [Case("x = 1", (1,), by)])
```
"""

TWICE = """
**Exercise 1.1** (difficulty 2 of 5, 3 minutes, about 2 lines).
Return twice x.
Hint: `+` adds.
Why it matters: two is the smallest
even number.

```{code-cell}
def twice(x):
    # solution 1.1
    y = x

    return x + y
    # end
```

Does it hold?

```{code-cell}
check.times(twice, "1.1", 2)
```
"""

SHORT = """
**Exercise 1.{n}** ({first}, {minutes} minutes, about 1 line).
Return x times {by}.
Hint: try {by} * 1.
Why it matters: there is more than two, namely {by}.

```{{code-cell}}
def times_{by}(x):
    # solution 1.{n}
    return {by} * x
    # end
```

Does it hold?

```{{code-cell}}
check.times(times_{by}, "1.{n}", {by})
```
"""

TINY = (
    OPENING
    + TWICE
    + SHORT.format(n=2, first="difficulty 1 of 5", minutes=1, by=3)
    + SHORT.format(n=3, first="difficulty 1 of 5", minutes=2, by=4)
    + SHORT.format(n=4, first="open problem, difficulty 4 of 5", minutes=9, by=5)
    + "\nSo much for that.\n"
)
