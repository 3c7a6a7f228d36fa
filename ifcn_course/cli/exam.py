"""print a written exam of an hour, and its key

examples:
  ifcn-lab exam --seed 2027 --secret "a word of yours" --out exam/
  ifcn-lab exam --seed 2027 --lessons 1 2 3 --minutes 30 --out quiz/
  ifcn-lab exam --seed 2027 --secret "a word of yours" --versions 2 --out exam/

Questions of the lessons are drawn, with numbers of their own: a choice of four, a
figure to read, something to work out, lines of which one is wrong. The paper is an
HTML page that prints well, and Markdown with its figures beside it, to be changed. The
key goes into another folder: each answer, the reason, and the mistakes that lead to
other answers. The same seed and word print the same paper.

With --versions 2 the same questions are printed twice, A and B, with other numbers.

The questions' text is public, their numbers are not: they follow from the seed and your
word. It is an exam on paper: whoever has the course's code can work out the numbers.
"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from ifcn_course.cli.assignment import add_variant, check_apart, key_folder
from ifcn_lab.atomic_write import check_writable
from ifcn_lab.cli.options import whole


def add_options(parser: ArgumentParser) -> None:
    """Which lessons, how long, for whom, and where to."""
    add_variant(parser, of="exam", out="paper", made="paper")
    parser.add_argument("--lessons", nargs="+", type=lesson, metavar="N",
                        help="lessons to ask about (all)")
    parser.add_argument("--minutes", type=whole, default=60, metavar="N",
                        help="how long it lasts (60); a choice takes 2, others 4")
    parser.add_argument("--versions", type=whole, default=1, metavar="N",
                        help="papers with the same questions and other numbers (1)")


def lesson(text: str) -> int:
    """The number of a lesson that has questions.

    >>> lesson("3")
    3
    """
    from ifcn_course.exam.bank import lessons

    if text not in map(str, lessons()):
        raise ArgumentTypeError("expected the numbers of lessons, of "
                                f"{', '.join(map(str, lessons()))}; got {text}")
    return int(text)


def run(given: Namespace) -> int:
    """Write the papers and their keys; say which are for whom.

    Raises:
        ValueError: the key would lie with the paper, or the minutes are too few.
        FileExistsError: a file is there already; nothing is written.
        OSError: a folder cannot be written.
    """
    from ifcn_course.assignment.handout import write
    from ifcn_course.exam.bank import lessons
    from ifcn_course.exam.paper import files, paper

    key = given.key or key_folder(given.out)
    check_apart(given.out, key, "--key")
    for folder in (given.out, key):
        check_writable(folder / "name.html")
    texts, asked = {}, sorted({*(given.lessons or lessons())})
    for n in range(given.versions):
        version = chr(ord("A") + n) if given.versions > 1 else ""
        one = paper(asked, given.seed, given.secret, given.minutes, version)
        if not one.questions:
            raise ValueError(f"--minutes {given.minutes}: no question takes so little; "
                             "give 2 or more")
        texts |= files(one, given.out, key)
    write(texts, force=given.force)
    for path in texts:
        if path.suffix == ".html":
            whose = "for students" if given.out in path.parents else "for you alone"
            print(f"{path}  ({whose}; .md beside it)")
    if not given.secret:
        print("Whoever knows the seed can print this paper; --secret WORD prevents it.")
    return 0
