"""write a class's own assignment of a lesson, and the key to grade it with

examples:
  ifcn-lab assignment --lesson 3 --seed 2027 --out handout/
  ifcn-lab assignment --lesson all --seed 2027 --secret "a word of yours" --out handout/
  ifcn-lab assignment --lesson 3 --seed 2027 --out handout/ --solutions
  ifcn-lab assignment --lesson 3 --seed 2027 --out handout/ --nbgrader

Each seed has scenes, k, m, a numbering of the cells and numbers of its own; the same
seed writes the same bytes. Students get the notebook in --out, and nothing else. The
key goes into another folder, handout_key beside handout/ unless --key names one, so
that nobody hands it out by mistake.

Whoever has ifcn_lab and knows the seed can make the key. With --secret the numbers
follow from the seed and your word together: take a long one, keep it, and use the same
again to make the same assignment.

  ifcn-lab grade submissions/ --key handout_key/03_assembling_2027.key.json
"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path


def add_options(parser: ArgumentParser) -> None:
    """What to write, for whom, and where to."""
    parser.add_argument("--lesson", required=True, type=lesson, metavar="N",
                        help="a lesson's number, or all")
    parser.add_argument("--seed", required=True, type=seed,
                        help="of the class: a whole number, the year for one")
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER",
                        help="where the students' notebook goes")
    parser.add_argument("--key", type=Path, metavar="FOLDER", help="where the key goes "
                        "(default: the folder of --out with _key at its end)")
    parser.add_argument("--secret", default="", metavar="WORD",
                        help="whoever lacks it cannot make this key")
    parser.add_argument("--solutions", action="store_true", help="a notebook with "
                        "worked solutions too, beside the key")
    parser.add_argument("--nbgrader", action="store_true", help="give the notebook "
                        "nbgrader's metadata; beside the key, a folder nbgrader/source "
                        "with solutions and tests, for nbgrader's own commands")
    parser.add_argument("--force", action="store_true", help="write over files that "
                        "are there")


def lesson(text: str) -> tuple[int, ...]:
    """The lessons that are asked for.

    >>> lesson("3"), len(lesson("all"))
    ((3,), 8)
    """
    from ifcn_course.assignment.tasks import LESSONS

    if text == "all":
        return tuple(LESSONS)
    if not text.isdecimal() or int(text) not in LESSONS:
        raise ArgumentTypeError(f"expected a lesson's number, {min(LESSONS)} to "
                                f"{max(LESSONS)}, or all; got {text}")
    return (int(text),)


def seed(text: str) -> int:
    """A whole number, 0 or more."""
    if not text.isdecimal():
        raise ArgumentTypeError(f"expected a whole number, 0 or more, got {text}")
    return int(text)


def run(given: Namespace) -> int:
    """Write the files of each lesson; say which are for whom.

    Raises:
        ValueError: the key would lie in the students' folder, or a folder is a file.
        FileExistsError: a file is there already; nothing is written.
    """
    from ifcn_course.assignment.handout import assignment, files, write

    key = given.key or key_folder(given.out)
    for folder in (given.out, key):
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"{folder} is a file; name a folder")
    check_apart(given.out, key)
    made = [assignment(number, given.seed, given.secret) for number in given.lesson]
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
    return 0


def key_folder(out: Path) -> Path:
    """The folder of the key: beside the students', never in it.

    >>> key_folder(Path("lecture/handout")).as_posix()
    'lecture/handout_key'
    """
    place = out if out.name not in ("", "..") else out.resolve()
    return place.with_name(f"{place.name}_key")


def check_apart(out: Path, key: Path) -> None:
    """Refuse a key's folder that students get.

    Raises:
        ValueError: it is the students' folder, or lies in it.
    """
    if out.resolve() in [key.resolve(), *key.resolve().parents]:
        raise ValueError(f"--key {key} lies in --out {out}, which students get; name "
                         "a folder outside it")
