"""One run of `ifcn-lab grade`: what is given, what is kept, what is written."""

from __future__ import annotations

import difflib
import os
from argparse import Namespace
from hashlib import sha256
from pathlib import Path
from statistics import median

from tqdm import tqdm

from ifcn_course.assignment.key import read_key
from ifcn_course.grading import pages, table
from ifcn_course.grading.grader import Grader, grade_all
from ifcn_course.grading.likeness import alike
from ifcn_course.grading.marking import Allowance
from ifcn_course.grading.results import Result
from ifcn_course.grading.sandbox import bubblewrap
from ifcn_course.grading.submissions import Submission, submissions
from ifcn_lab.atomic_write import write_whole

_MOST_PAIRS = 10


class Session:
    """One run, from options to reports.

    Args:
        given: the options.

    Raises:
        ValueError: the options do not fit, or this system cannot isolate notebooks.
        OSError: the key or the submissions cannot be read.
    """

    def __init__(self, given: Namespace) -> None:
        self._given = given
        self._report = given.report.resolve()
        self._json = self._report.with_suffix(".json")
        self._pages = self._report.with_suffix("")
        self._check()
        table.check(self._report, self._json, self._pages)
        self._key = read_key(given.key)
        self._digest = sha256(given.key.read_bytes()).hexdigest()
        self._allowed = Allowance(
            given.cell_seconds, given.case_seconds, given.total_seconds, given.restarts,
            int(given.memory * 2**30), int(given.disk * 2**20),
        )
        self._trouble = bubblewrap.trouble()
        self._results: dict[str, Result] = {}
        self._gone: list[str] = []

    def _check(self) -> None:
        if self._report.suffix != ".csv":
            raise ValueError(f"--report {self._given.report} is no .csv; name a table, "
                             "such as grades.csv")
        if self._given.restarts < 0:
            raise ValueError(f"--restarts {self._given.restarts}: expected 0 or more")
        if not self._given.submissions.exists():  # before the walls are tried
            raise FileNotFoundError(f"no folder {self._given.submissions}; give the "
                                    "folder of submissions")
        if self._given.key.resolve() in (self._report, self._json):
            raise ValueError(f"the reports would overwrite the key {self._given.key}; "
                             "name another --report")

    def _hidden(self) -> tuple[Path, ...]:
        """What no submission may see."""
        given = self._given
        every = (given.key, given.submissions, self._report, self._json, self._pages)
        return tuple(path.resolve() for path in every)

    def walls(self) -> str:
        """What notebooks are kept from, in one line; refuses where it is nothing.

        Raises:
            ValueError: says why, and what to do.
        """
        if not self._trouble:
            self._check_view()
            return ("kept from notebooks by bubblewrap: your files, the key, the other "
                    "submissions, the network, other processes")
        if self._given.trust_submissions:
            return ("NOT kept from notebooks: your files and the network: "
                    f"{self._trouble}")
        raise ValueError(
            "nothing keeps notebooks here from changing your files, reading the key "
            f"and using the network: {self._trouble}; or add --trust-submissions if "
            "you vouch for every notebook")

    def _check_view(self) -> None:
        """Refuse to grade what lies where every notebook can read.

        Raises:
            ValueError: names the file.
        """
        seen = bubblewrap.readable()
        for path in self._hidden():
            for place in seen:
                if path.is_relative_to(place):
                    raise ValueError(f"{path} lies in {place}, which every notebook "
                                     "can read; move it elsewhere")

    def grade(self) -> None:
        """Grade what has changed; write the reports, also when interrupted."""
        now = table.circumstances(self._digest, self._settings(), not self._trouble)
        kept = table.read_kept(self._json, self._key, now)
        given = self._given
        every = submissions(given.submissions, {*self._hidden()} - {
            given.submissions.resolve()})
        chosen = self._chosen(every)
        self._keep(kept, every)
        try:
            self._grade(chosen, () if self._anew() else tuple(kept), now)
        finally:
            self._write(now)

    def _grade(
        self, chosen: list[Submission], kept: tuple[Result, ...], now: dict
    ) -> None:
        jobs = self._given.jobs or max(1, (os.cpu_count() or 2) // 2)
        with tqdm(total=len(chosen), unit="notebook", desc="grading") as bar:

            def done(result: Result) -> None:
                self._results[result.name] = result
                write_whole(self._json, self._text(now))
                bar.update()

            grade_all(self._grader(kept), chosen, jobs, done)

    def _grader(self, kept: tuple[Result, ...] = ()) -> Grader:
        return Grader(self._key, self._allowed, self._hidden(), kept,
                      walls=not self._trouble)

    def _anew(self) -> bool:
        return bool(self._given.fresh or self._given.only)

    def _settings(self) -> dict[str, object]:
        return {**vars(self._allowed), "trusted": bool(self._given.trust_submissions)}

    def _chosen(self, every: list[Submission]) -> list[Submission]:
        """Those that --only names, or all."""
        if not self._given.only:
            return every
        names = {one.name.casefold(): one for one in every}
        wanted = [name.casefold() for name in self._given.only]
        for name in wanted:
            if name not in names:
                near = difflib.get_close_matches(name, names, 3, 0.5) or list(names)[:3]
                have = ", ".join(names[n].name for n in near)
                said = next(one for one in self._given.only if one.casefold() == name)
                raise ValueError(f"--only {said}: nobody of that name handed in; give "
                                 f"a whole name, such as {have}")
        return [one for one in every if one.name.casefold() in wanted]

    def _keep(self, kept: list[Result], every: list[Submission]) -> None:
        """Keep earlier rows until they are graded anew; --fresh drops who is gone."""
        there = {one.name for one in every}
        drop = self._given.fresh and not self._given.only
        self._results = {one.name: one for one in kept if one.name in there or not drop}
        self._gone = sorted(self._results.keys() - there)

    def _sorted(self) -> list[Result]:
        return sorted(self._results.values(), key=lambda r: (r.name.casefold(), r.name))

    def _text(self, now: dict) -> str:
        return table.json_text(self._sorted(), self._key, now)

    def _write(self, now: dict) -> None:
        if self._results:
            write_whole(self._json, self._text(now))
            write_whole(self._report, table.csv_text(self._sorted(), self._key))
            pages.write_pages(self._sorted(), self._key, self._pages)

    def summary(self) -> str:
        """One line: how many, how well, where."""
        every = [one.percent for one in self._sorted() if one.graded]
        lost = len(self._results) - len(every)
        return (f"{len(every)} graded, {f'{lost} NOT GRADED, ' * bool(lost)}median "
                f"{median(every) if every else 0:g} %: {self._given.report}, "
                f"{self._json.name}, {self._pages.name}/index.html")

    def status(self) -> int:
        """What the command ends with: 1 where somebody could not be graded."""
        return int(not all(one.graded for one in self._results.values()))

    def pairs(self) -> list[str]:
        """Lines on answers that are alike beyond what the handout explains."""
        found = alike(self._sorted(), self._key)
        more = [f"and {len(found) - _MOST_PAIRS} pairs more, in index.html"]
        return [*(f"look at these two: {pair}" for pair in found[:_MOST_PAIRS]),
                *more[:len(found) > _MOST_PAIRS]]

    def doubts(self) -> list[str]:
        """Lines on rows of students who are gone, and on a key that may be another's.

        Notebooks that could not be read say nothing of the key.
        """
        names = ", ".join(self._gone)
        gone = [f"kept from the earlier report, though not in {self._given.submissions}"
                f" now: {names}; --fresh leaves them out"] if names else []
        reasons = {case.reason for one in self._results.values()
                   for function in one.functions for case in function.cases}
        reasons.discard("not graded")
        if not reasons or not all(said.startswith("not found") for said in reasons):
            return gone
        names = ", ".join(one.name for one in self._key.functions)
        return [*gone, f"No notebook holds a function of this key ({names}). Is "
                f"{self._given.key} the key of this assignment, {self._key.lesson}?"]
