"""write a class's own assignment of a lesson, and the key to grade it with

examples:
  ifcn-lab assignment --lesson 3 --seed 2027 --out handout/
  ifcn-lab assignment --lesson all --seed 2027 --secret "a word of yours" --out handout/
  ifcn-lab assignment --lesson 3 --seed 2027 --out handout/ --solutions
  ifcn-lab assignment --lesson 3 --seed 2027 --out handout/ --nbgrader
  ifcn-lab assignment --exam midterm.py --seed 2027 --secret "a word" --out handout/

Each seed has scenes, k, m, a numbering of the cells and numbers of its own; the same
seed writes the same bytes. Students get the notebook in --out, and nothing else. The
key goes into another folder, handout_key beside handout/ unless --key names one, so
that nobody hands it out by mistake.

Whoever has ifcn_lab and knows the seed can make the key. With --secret the numbers
follow from the seed and your word together: take a long one, keep it, and use the same
again to make the same assignment. Each word that somebody tries costs them about half
a second and 128 MiB (scrypt).

A lesson's variant is practice, not an exam: students have the package, the package
holds the tasks with their solutions, and the handout says which ones were drawn; no
secret changes that. --exam takes tasks of your own from a Python file that only you
have: a function sheet(variant), as the modules in ifcn_course/assignment/tasks have.

  ifcn-lab grade submissions/ --key handout_key/03_assembling_2027.key.json
"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from ifcn_lab.atomic_write import check_writable


def add_options(parser: ArgumentParser) -> None:
    """What to write, for whom, and where to."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--lesson", type=lesson, metavar="N",
                      help="a lesson's number, or all")
    what.add_argument("--exam", type=Path, metavar="FILE", help="a Python file with "
                      "tasks of your own; keep it beside the key")
    add_variant(parser, of="class", out="students' notebook", made="key")
    parser.add_argument("--solutions", action="store_true", help="a notebook with "
                        "worked solutions too, beside the key")
    parser.add_argument("--nbgrader", action="store_true", help="give the notebook "
                        "nbgrader's metadata; beside the key, a folder nbgrader/source "
                        "with solutions and tests, for nbgrader's own commands")


def add_variant(parser: ArgumentParser, *, of: str, out: str, made: str) -> None:
    """Which variant, and where it and its key go: as of an assignment, so of an exam.

    Args:
        parser: gets the options.
        of, out, made: what the seed is of, what goes to --out, what the word protects.
    """
    parser.add_argument("--seed", required=True, type=seed,
                        help=f"of the {of}: a whole number, the year for one")
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER",
                        help=f"where the {out} goes")
    parser.add_argument("--key", type=Path, metavar="FOLDER", help="where the key goes "
                        "(default: the folder of --out with _key at its end)")
    parser.add_argument("--secret", default="", metavar="WORD",
                        help=f"whoever lacks it cannot make this {made}")
    parser.add_argument("--force", action="store_true", help="write over files that "
                        "are there")


def lesson(text: str) -> tuple[int, ...]:
    """The lessons that are asked for.

    >>> lesson("3"), lesson("all")[:3]
    ((3,), (1, 2, 3))
    """
    from ifcn_course.contents import LESSONS, numbers

    if text == "all":
        return tuple(LESSONS)
    if not text.isdecimal() or int(text) not in LESSONS:
        raise ArgumentTypeError(f"expected a lesson's number, {numbers()}, "
                                f"or all; got {text}")
    return (int(text),)


def seed(text: str) -> int:
    """A whole number, 0 or more."""
    if not text.isdecimal():
        raise ArgumentTypeError(f"expected a whole number, 0 or more, got {text}")
    return int(text)


def run(given: Namespace) -> int:
    """Write the files of each lesson; say which are for whom.

    Raises:
        ValueError: the key or the exam would lie in the students' folder.
        FileExistsError: a file is there already; nothing is written.
        OSError: a folder cannot be written.
    """
    from ifcn_course.assignment.handout import assignment, files, write

    key = given.key or key_folder(given.out)
    check_apart(given.out, key, "--key")
    if given.exam:
        check_apart(given.out, given.exam.parent, "the folder of --exam")
    for folder in (given.out, key):
        check_writable(folder / "name.ipynb")
    made = [assignment(one, given.seed, given.secret)
            for one in given.lesson or (given.exam,)]
    texts = {}
    for one in made:
        texts |= files(one, given.out, key, solutions=given.solutions,
                       metadata=given.nbgrader)
    write(texts, force=given.force)
    for path in texts:
        whose = "for students" if given.out in path.parents else "for you alone"
        print(f"{path}  ({whose})")
    if not given.secret:
        print("Whoever knows the seed can make this key; --secret WORD prevents it.")
    if not given.exam:
        print("Practice, not an exam: ifcn_lab itself holds the solutions of these "
              "tasks; --exam FILE takes tasks of your own.")
    return 0


def key_folder(out: Path) -> Path:
    """The folder of the key: beside the students', never in it.

    >>> key_folder(Path("lecture/handout")).as_posix()
    'lecture/handout_key'
    """
    place = out if out.name not in ("", "..") else out.resolve()
    return place.with_name(f"{place.name}_key")


def check_apart(out: Path, key: Path, what: str) -> None:
    """Refuse a folder of the lecturer's that students get.

    Raises:
        ValueError: it is the students' folder, or lies in it.
    """
    if out.resolve() in [key.resolve(), *key.resolve().parents]:
        raise ValueError(f"{what} {key} lies in --out {out}, which students get; name "
                         "a folder outside it")
