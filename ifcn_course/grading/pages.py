"""A page for each student and a list of all: plain HTML that needs nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape
from pathlib import Path

from ifcn_course.assignment.key import Key
from ifcn_course.grading.likeness import alike
from ifcn_course.grading.results import CaseResult, FunctionResult, Result
from ifcn_lab.atomic_write import write_whole

OURS = '<meta name="generator" content="ifcn-lab grade">'
"""What every page holds, so that no page of others is overwritten."""
_STYLE = """
:root { color-scheme: light dark; --ink: #1d232b; --paper: #fff; --line: #c6ccd4;
  --soft: #f2f4f7; --good: #0b6b3a; --bad: #a3260f; --link: #0b57a4; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --paper: #14181d;
  --line: #444c57; --soft: #1e242b; --good: #6fd39b; --bad: #ff9d86;
  --link: #8bbdf5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 60rem; color: var(--ink);
  background: var(--paper); font: 1rem/1.5 system-ui, sans-serif; }
h1, h2, p { overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
a { color: var(--link); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem;
  border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
thead th { background: var(--soft); white-space: nowrap; }
thead th:first-child { min-width: 8rem; width: 30%; }
tbody th { font-weight: normal; }
td { min-width: 4.5rem; } td:last-child { width: 55%; }
body:has(.all) { max-width: 80rem; }
.all td { width: auto; white-space: nowrap; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.good { color: var(--good); font-weight: 600; } .bad { color: var(--bad); }
h4 { margin: .25rem 0; font-size: .95rem; }
.sum { font-size: 1.15rem; margin: .25rem 0 1rem; }
.pair { display: flex; flex-wrap: wrap; gap: 0 1rem; }
.pair > div { min-width: 0; max-width: 100%; }
pre { background: var(--soft); border: 1px solid var(--line); padding: .6rem .8rem;
  margin: .25rem 0 1rem; overflow-x: auto; font-size: .9rem; line-height: 1.35; }
ul { padding-left: 1.2rem; } li { overflow-wrap: anywhere; }
"""
_UNGRADED = '<strong class="bad">not graded</strong>'
_GUARD = "default-src 'none'; style-src 'unsafe-inline'"  # no script, no request


def write_pages(results: Sequence[Result], key: Key, folder: Path) -> None:
    """Write a page for each student and `index.html`.

    Raises:
        OSError: the folder cannot be written to.
    """
    for one in results:
        write_whole(folder / file_name(one), student_page(one, key))
    write_whole(folder / "index.html", index_page(results, key))


def file_name(one: Result) -> str:
    """A file's name of letters and digits; two students never share one.

    >>> nobody = Result("../Ada L.", "a.ipynb", "", ())
    >>> file_name(nobody)
    'Ada_L_9ea6abe71cd00be68590792d69cc2877.html'
    """
    sum_ = sha256(one.name.encode("utf-8", "surrogatepass")).hexdigest()
    plain = re.sub(r"[^A-Za-z0-9]+", "_", one.name).strip("_")[:40] or "student"
    return f"{plain}_{sum_[:32]}.html"


def index_page(results: Sequence[Result], key: Key) -> str:
    """The list of all students."""
    head = ["Student", "Points", "Percent", *(one.name for one in key.functions)]
    rows = [
        [f'<a href="{file_name(one)}">{_text(one.name)}</a>{_remark(one)}',
         *([_points(one.points, one.of), f"{one.percent:g}",
            *(_points(f.points, f.of) for f in one.functions)] if one.graded
           else [_UNGRADED] + [""] * (1 + len(one.functions)))]
        for one in results
    ]
    body = [f"<h1>{_text(key.title)}: grades</h1>",
            f'<p class="sum">{len(results)} students</p>', _table(head, rows, "Grades"),
            *_pairs(results, key)]
    return _page(f"{key.title}: grades", body)


def _pairs(results: Sequence[Result], key: Key) -> list[str]:
    """Answers that are alike beyond what the handout explains."""
    if not (found := alike(results, key)):
        return []
    items = "".join(f"<li>{_text(str(pair))}</li>" for pair in found)
    return ["<h2>Look at these two</h2>", "<p>Answers that are alike beyond what the "
            f"handout explains. It may have good reasons: ask.</p><ul>{items}</ul>"]


def _remark(one: Result) -> str:
    """The first thing that went wrong with a notebook, for the list of all."""
    if not one.problems:
        return ""
    more = f", and {len(one.problems) - 1} more" if len(one.problems) > 1 else ""
    return f"<br>{_text(one.problems[0])}{more}"


def student_page(one: Result, key: Key) -> str:
    """All that a student needs to know: points, reasons, yours beside expected."""
    file = f", from {_text(one.file)}" if one.file else ""
    body = [f"<h1>{_text(one.name)}</h1>", f"<p>{_text(key.title)}{file}</p>",
            f'<p class="sum"><strong>{one.points} of {one.of} points</strong>, '
            f"{one.percent:g} percent</p>" if one.graded else f"<p>{_UNGRADED}</p>"]
    if one.problems:
        items = "".join(f"<li>{_text(problem)}</li>" for problem in one.problems)
        body += ["<h2>The notebook</h2>", f"<ul>{items}</ul>"]
    for function in one.functions if one.graded else ():
        body += _function(function)
    return _page(f"{one.name}: {key.title}", body)


def _function(function: FunctionResult) -> list[str]:
    rows = [[_text(case.what), _points(case.points, case.of), _verdict(case)]
            for case in function.cases]
    made = [f"<h2>Task {_text(function.task)}: <code>{_text(function.name)}</code>, "
            f"{function.points} of {function.of}</h2>",
            *_instead(function),
            _table(["Case", "Points", "Why"], rows, f"Cases of {function.name}")]
    for case in function.cases:
        made += _beside(case) if case.shown else []
    return made


def _instead(function: FunctionResult) -> list[str]:
    """Whose mistake was not counted twice."""
    if not function.right:
        return []
    names = ", ".join(f"<code>{_text(name)}</code>" for name in function.right)
    return [f"<p>Marked with the right {names} in place of yours.</p>"]


def _verdict(case: CaseResult) -> str:
    if case.points == case.of:
        return '<span class="good">correct</span>'
    hint = f"<br>{_prose(case.hint)}" if case.hint else ""
    return f'<span class="bad">{_text(case.reason)}</span>{hint}'


def _beside(case: CaseResult) -> list[str]:
    """What was returned and what was expected, for the first case that differs."""
    middle = case.shown.index("Expected:") if "Expected:" in case.shown else 1
    expected = case.shown[middle + 1:]
    said = [line for line in expected if line.startswith("The first difference")]
    both = {"Yours": case.shown[1:middle],
            "Expected": tuple(line for line in expected if line not in said)}
    parts = "".join(
        f"<div><h4>{name}</h4><pre {_region(f'{name}, {case.what}')}>"
        + _text("\n".join(lines)) + "</pre></div>" for name, lines in both.items())
    return [f"<h3>{_text(case.what)}</h3>", f'<div class="pair">{parts}</div>',
            *(f"<p>{_text(line)}</p>" for line in said)]


def _points(points: int, of: int) -> str:
    kind = "good" if points == of else "bad"
    return f'<span class="number {kind}">{points} of {of}</span>'


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], label: str) -> str:
    """A table; cells of `rows` are HTML, all else is text."""
    top = "".join(f'<th scope="col">{_text(name)}</th>' for name in head)
    lines = [f'<tr><th scope="row">{first}</th>'
             + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>"
             for first, *rest in rows]
    kind = "scroll all" if label == "Grades" else "scroll"
    return (f'<div class="{kind}" {_region(label)}>'
            f"<table><thead><tr>{top}</tr></thead><tbody>{''.join(lines)}</tbody>"
            "</table></div>")


def _region(label: str) -> str:
    """What makes a part that scrolls reachable by the keyboard, and named."""
    return f'tabindex="0" role="region" aria-label="{_text(label)}"'


def _text(text: str) -> str:
    """Text as HTML; half characters, which no file can hold, become marks."""
    return escape(text.encode("utf-8", "replace").decode("utf-8"))


def _prose(text: str) -> str:
    """A sentence of the key as HTML: what stands between backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _text(text))


def _page(title: str, body: Iterable[str]) -> str:
    return "\n".join([
        "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_GUARD}">',
        OURS,
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_text(title)}</title>", f"<style>{_STYLE}</style>", "</head>",
        "<body>", "<main>", *body, "</main>", "</body>", "</html>", "",
    ])
