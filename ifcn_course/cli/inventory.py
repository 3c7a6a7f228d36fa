"""ten questions before and after the course: a page to answer, and what a class said

examples:
  ifcn-lab inventory page --out before.html
  ifcn-lab inventory page --when after --form b --out after.html
  ifcn-lab inventory summary answers/
  ifcn-lab inventory summary answers/ --out summary.csv
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from pathlib import Path

from ifcn_lab.atomic_write import check_writable

PAGE = """Writes one HTML file that opens from disk: no kernel, no network. A learner
answers, saves a CSV file and hands it in. The file holds a random code, which the
learner keeps for the second time, and the answers; no name and no time.

Before the course the page shows no answers, and holds none.

examples:
  ifcn-lab inventory page --out before.html
  ifcn-lab inventory page --when after --out after.html
  ifcn-lab inventory page --form family --out family_before.html"""
SUMMARY = """Reads the files that learners handed in and prints, for each question, the
share of right answers before and after, the normalised gain of those who answered
both times, (after - before) / (1 - before), and the wrong option chosen most. Files
that are damaged are named and passed over. Zips are opened; names may be any.

examples:
  ifcn-lab inventory summary answers/
  ifcn-lab inventory summary monday/ tuesday/ late.csv --out summary.csv"""


def add_options(parser: ArgumentParser) -> None:
    """`page` and `summary`, each with its options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    page = actions.add_parser(
        "page", help="write the questions as an HTML page", description=PAGE,
        formatter_class=RawDescriptionHelpFormatter)
    page.add_argument("--out", type=Path, required=True, metavar="FILE")
    page.add_argument("--when", choices=("before", "after"), default="before",
                      help="before the course (the default), or after it")
    page.add_argument("--form", choices=("a", "b", "family"), default="a",
                      help="b asks the same in other words and with other numbers, for "
                      "the second time; family asks of the relatives, lessons 9 to 13")
    told = actions.add_parser(
        "summary", help="what a class answered", description=SUMMARY,
        formatter_class=RawDescriptionHelpFormatter)
    told.add_argument("answers", type=Path, nargs="+", metavar="ANSWERS",
                      help="folders, zips or CSV files of learners' answers")
    told.add_argument("--out", type=Path, metavar="FILE", help="also write it as CSV")


def run(given: Namespace) -> int:
    """Do what was asked."""
    return {"page": page, "summary": summarise}[given.action](given)


def page(given: Namespace) -> int:
    """Write the page; say where it is."""
    from ifcn_course.inventory.widget import Inventory

    check_writable(given.out)
    path = Inventory(given.when, whole=True, form=given.form).save_html(given.out)
    print(f"{path}: ten questions, {given.when} the course; open it in a browser")
    return 0


def summarise(given: Namespace) -> int:
    """Print the table; name the files that were passed over.

    Raises:
        ValueError: there is not one file of answers.
    """
    from ifcn_course.inventory import read_folder, summary
    from ifcn_course.inventory.answers import is_archive
    from ifcn_course.inventory.summary import as_text, save

    if given.out:
        check_writable(given.out)
    answers, passed = read_folder(given.answers)
    below = [each for path in given.answers for each in (path, *path.rglob("*"))]
    if opened := [each.name for each in below if is_archive(each)]:
        print(f"opened {len(opened)} archive{'s'[:len(opened) - 1]}:", *opened)
    for path, reason in passed:
        print(f"passed over {path}: {reason}", flush=True)
    if not answers:
        raise ValueError("there is no file of answers in "
                         f"{', '.join(map(str, given.answers))}; learners save them "
                         "as inventory-before-CODE.csv")
    count = {when: sum(each.when == when for each in answers)
             for when in ("before", "after")}
    rows = summary(answers)
    print(f"{count['before']} before, {count['after']} after, {rows[-1].pairs} both\n")
    print(as_text(rows))
    if given.out:
        print(f"\n{save(rows, given.out)}")
    return 0
