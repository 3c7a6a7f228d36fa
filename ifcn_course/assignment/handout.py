"""A class's assignment: the notebook for students, and the key that stays behind."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ifcn_course.assignment import nbgrader, notebook
from ifcn_course.assignment.key import Key, KeyFunction, key_text
from ifcn_course.assignment.sheet import Sheet, number_in
from ifcn_course.assignment.task import numbered
from ifcn_course.assignment.tasks import tasks_of
from ifcn_course.assignment.variant import WORK, Unfit, Variant, drawn
from ifcn_lab.atomic_write import replacing

ATTEMPTS = 100


@dataclass(frozen=True)
class Assignment:
    """One lesson, or one exam, for one class.

    Attributes:
        lesson: its name, "03_assembling".
        variant: what was drawn.
        sheet: the tasks.
        functions: what the key says of each task; the answers are computed here.
        secret: how the lecturer's word was stretched; "": there was none.
    """

    lesson: str
    variant: Variant
    sheet: Sheet
    functions: tuple[KeyFunction, ...]
    secret: str

    @property
    def name(self) -> str:
        """How its files are called: "03_assembling_2027"."""
        return self.key.name

    @property
    def key(self) -> Key:
        """What it is graded against."""
        drawn = self.variant.document()
        variant = {name: drawn[name] for name in self.sheet.uses} | self.sheet.extra
        return Key(self.lesson, self.variant.seed, self.sheet.title, variant,
                   self.functions, self.secret)

    @property
    def graded(self) -> nbgrader.Graded:
        """Each task with what the key says of it."""
        return list(zip(self.sheet.tasks, self.functions, strict=True))

    def handout(self, *, metadata: bool = False) -> str:
        """The students' notebook; `metadata` adds nbgrader's."""
        cells = notebook.cells(self.sheet, self.variant)
        marked = nbgrader.marked(cells, self.graded) if metadata else cells
        return notebook.text(marked, self.name)

    def solutions(self) -> str:
        """The lecturer's notebook, with the solutions."""
        cells = notebook.cells(self.sheet, self.variant, solved=True,
                               suffix=": with solutions")
        return notebook.text(cells, self.name)

    def nbgrader_source(self) -> str:
        """What nbgrader's `source` folder takes: solutions and tests, both marked."""
        cells = notebook.cells(self.sheet, self.variant, solved=True)
        return notebook.text(nbgrader.source(cells, self.graded), self.name)


def assignment(lesson: int | Path, seed: int, secret: str = "") -> Assignment:
    """The assignment of a class: same lesson, seed and secret, same assignment.

    Of all draws it takes the first that gives nothing away: every number that is
    asked for has three digits or more, and stands nowhere in the students' notebook.

    Args:
        lesson: its number, or a file of tasks of the lecturer's own.
        seed: of the class, 0 or more.
        secret: a word of the lecturer's; whoever lacks it cannot make the key.

    Raises:
        ValueError: no such lesson, or a seed below 0.
    """
    name, sheet_of = tasks_of(lesson)
    drawn_by = name if isinstance(lesson, Path) else lesson
    work = "scrypt n={n} r={r} p={p}".format(**WORK) if secret else ""
    for attempt in range(ATTEMPTS):
        variant = drawn(drawn_by, seed, secret, attempt)
        try:
            sheet = sheet_of(variant)
            functions = tuple(task.answers(n) for n, task in numbered(sheet.tasks))
        except Unfit:
            continue
        made = Assignment(name, variant, sheet, functions, work)
        if gives_nothing_away(made):
            return made
    raise ValueError(f"no variant of lesson {name} came out for seed {seed}; "
                     "give another seed")


def gives_nothing_away(made: Assignment) -> bool:
    """Whether no numeric answer can be guessed, or read in the handout."""
    text = made.handout()
    return all(telling(answer) and not number_in(text, answer)
               for answer in numeric_answers(made.key))


def telling(answer: float | int) -> bool:
    """Whether a number is hard to guess: three digits, or four decimals.

    >>> telling(7), telling(118), telling(0.5), telling(0.71428)
    (False, True, False, True)
    """
    if isinstance(answer, int):
        return abs(answer) >= 100
    return abs(answer * 1000 - round(answer * 1000)) > 1e-6


def numeric_answers(key: Key) -> list[float | int]:
    """What the functions without arguments return, all numbers one by one."""
    cases = [case for one in key.functions for case in one.cases if not case.args]
    return [case.expected for case in cases
            if isinstance(case.expected, int | float)]


def files(
    made: Assignment, out: Path, key: Path, *, solutions: bool, metadata: bool
) -> Mapping[Path, str]:
    """The text of each file of an assignment, by where it goes."""
    name = made.name
    texts = {out / f"{name}.ipynb": made.handout(metadata=metadata),
             key / f"{name}.key.json": key_text(made.key)}
    if solutions:
        texts[key / f"{name}.solutions.ipynb"] = made.solutions()
    if metadata:
        texts[key / "nbgrader" / "source" / name / f"{name}.ipynb"] = \
            made.nbgrader_source()
    return texts


def write(texts: Mapping[Path, str], *, force: bool = False) -> None:
    """Write the files; none takes its name before all of them are on the disk.

    Raises:
        FileExistsError: a file is there and `force` is not given; nothing is written.
        OSError: a file cannot be written.
    """
    there = [path for path in texts if path.exists()]
    if there and not force:
        raise FileExistsError(f"{there[0]} is there already, and nothing was written; "
                              "give --force to write over it, or another --out")
    with ExitStack() as together:
        for path, words in texts.items():
            together.enter_context(replacing(path)).write_bytes(words.encode())
