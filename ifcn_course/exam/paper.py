"""The paper of an exam and its key: which questions, which numbers, how printed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape, unescape
from itertools import count, zip_longest
from pathlib import Path

from ifcn_course.assignment.variant import Draws, Unfit, stretched
from ifcn_course.exam.bank import Asking, of_lesson
from ifcn_course.exam.question import Question

NOTES = (
    "All counting begins with 0. Pairs are (row, column).",
    "A *pixel* is of the picture, a *place* of a feature map, a score map or a window, "
    "a *part* of the grid of k x k parts of a window.",
    "The window at (y, x) with m places per side begins at row y - m // 2 and column "
    "x - m // 2. Parts and maps are counted row by row. `//` divides and rounds down.",
    "Of four options exactly one is right. Elsewhere show how you got there.",
)
_STYLE = """
body { margin: 0 auto; max-width: 46rem; padding: 1rem; color: #000; background: #fff;
  font: 11pt/1.4 Georgia, serif; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1rem; margin: 0 0 .3rem; }
p { overflow-wrap: anywhere; } section { break-inside: avoid; margin: 1.4rem 0; }
header, .notes { border-bottom: 1px solid #000; padding-bottom: .6rem; }
pre { background: #f3f3f3; padding: .4rem .6rem; white-space: pre-wrap; }
code, pre { font-family: Consolas, Menlo, monospace; font-size: .92em; }
ol.options { list-style: none; padding: 0; margin: .3rem 0; }
ol.options li { margin: .25rem 0; padding-left: 2.5em; text-indent: -2.5em; }
.line { border-bottom: 1px solid #777; height: 2.1rem; }
.key { background: #f3f3f3; padding: .3rem .6rem; } .key p { margin: .2rem 0; }
svg { display: block; max-width: 100%; height: auto; margin: .4rem 0; }
.points { float: right; font-weight: normal; }
@page { margin: 18mm 16mm; } @media print { body { padding: 0; max-width: none; } }
"""
_ATTEMPTS = 100


@dataclass(frozen=True)
class Printed:
    """A question with its number, its lesson and the order of its options."""

    number: int
    lesson: int
    question: Question
    options: tuple[str, ...]

    @property
    def right(self) -> str:
        """The answer, with its letter if there are options."""
        answer = self.question.answer
        letter = [f"{'abcd'[self.options.index(answer)]}. "] if self.options else [""]
        return letter[0] + answer


@dataclass(frozen=True)
class Paper:
    """The questions of one exam, in the order of the lessons."""

    name: str
    questions: tuple[Printed, ...]

    @property
    def points(self) -> int:
        """The sum over the questions."""
        return sum(one.question.points for one in self.questions)

    @property
    def minutes(self) -> int:
        """The sum over the questions."""
        return sum(one.question.minutes for one in self.questions)


def paper(
    lessons: Sequence[int], seed: int, secret: str = "", minutes: int = 60,
    version: str = "",
) -> Paper:
    """The paper of a class: same arguments, same paper.

    Which questions are asked follows from the seed and the secret; their numbers, and
    the order of options, from the version too. Each lesson has its turn until the
    minutes are used up.

    >>> one = paper([1, 3], 2027, minutes=16)
    >>> one.minutes <= 16, {each.lesson for each in one.questions}
    (True, {1, 3})
    """
    source = f"exam|{seed}|{stretched(secret, seed)}"
    draws = Draws(source)
    turns = zip_longest(*(draws.shuffled(f"lesson {lesson}",
                                         [(lesson, each) for each in of_lesson(lesson)])
                          for lesson in lessons))
    chosen: list[tuple[int, Asking, Question]] = []
    for lesson, asking in (one for turn in turns for one in turn if one):
        made = with_numbers(asking, f"{source}|{version}")
        if made.minutes + sum(one.minutes for *_, one in chosen) <= minutes:
            chosen.append((lesson, asking, made))
    chosen.sort(key=lambda one: one[0])
    printed = tuple(
        Printed(number, lesson, made, tuple(Draws(f"{source}|{version}").shuffled(
            f"options {asking.__name__}", made.options)))
        for number, (lesson, asking, made) in enumerate(chosen, start=1))
    return Paper(f"exam_{seed}{version and '_'}{version}", printed)


def with_numbers(asking: Asking, source: str) -> Question:
    """A question with the first numbers that do.

    Raises:
        Unfit: none of a hundred tries did.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return asking(Draws(f"{source}|{asking.__name__}|{attempt}"))
        except Unfit as error:
            refused = error
    raise refused


def files(one: Paper, out: Path, key: Path) -> dict[Path, str]:
    """The text of each file of a paper and of its key, by where it goes."""
    made = {}
    for folder, name, told in ((out, one.name, False), (key, f"{one.name}_key", True)):
        made[folder / f"{name}.html"] = html(one, key=told)
        made[folder / f"{name}.md"] = markdown(one, key=told)
        made |= {folder / figure_name(one, each): each.question.figure
                 for each in one.questions if each.question.figure}
    return made


def figure_name(one: Paper, each: Printed) -> str:
    """The file of a question's figure, which the Markdown names."""
    return f"{one.name}_{each.number}.svg"


def markdown(one: Paper, *, key: bool = False) -> str:
    """The paper, or the key, as Markdown; figures are files beside it."""
    lines = [f"# {title(one, key)}", "", "Name: " + "_" * 40, "", *(f"- {note}"
             for note in NOTES)]
    for each in one.questions:
        asked = each.question
        lines += ["", f"## {heading(each)}", "", asked.ask]
        if asked.figure:
            words = unescape(re.search('aria-label="([^"]*)"', asked.figure)[1])
            lines += ["", f"![{words}]({figure_name(one, each)})"]
        if asked.code:
            lines += ["", "```python", *numbered(asked.code), "```"]
        lines += ["", *(f"- [ ] {letter}. {text}" for letter, text in
                        zip("abcd", each.options, strict=False))]
        lines += [f"- {line}" for line in told(each)] if key else []
    return "\n".join(lines) + "\n"


def html(one: Paper, *, key: bool = False) -> str:
    """The paper, or the key, as one page that prints well."""
    notes = "".join(f"<li>{prose(note)}</li>" for note in NOTES)
    body = "".join("".join(_section(each, key)) for each in one.questions)
    return (f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title(one, key)}</title>\n<style>{_STYLE}</style>\n</head>\n"
            f"<body>\n<header><h1>{title(one, key)}</h1>\n<p>Name: {'_' * 50}</p>"
            f'</header>\n<ul class="notes">{notes}</ul>\n{body}</body>\n</html>\n')


def _section(each: Printed, key: bool) -> Iterator[str]:
    asked = each.question
    yield f"<section>\n<h2>{heading(each)}</h2>\n<p>{prose(asked.ask)}</p>\n"
    yield asked.figure
    if asked.code:
        yield "<pre>" + escape("\n".join(numbered(asked.code))) + "</pre>\n"
    if each.options:
        yield '<ol class="options">' + "".join(
            f"<li>&#9633; {letter}. {prose(text)}</li>"
            for letter, text in zip("abcd", each.options, strict=False)) + "</ol>\n"
    elif not key:
        yield '<div class="line"></div>\n' * (2 if asked.kind == "fault" else 3)
    if key:
        yield '<div class="key">' + "".join(
            f"<p>{prose(line)}</p>" for line in told(each)) + "</div>\n"
    yield "</section>\n"


def title(one: Paper, key: bool) -> str:
    """What stands above it."""
    about = f"{one.minutes} minutes, {one.points} points"
    return f"Exam {one.name.removeprefix('exam_').replace('_', ' ')}: " + (
        f"key, {about}" if key else about)


def heading(each: Printed) -> str:
    """The number of a question and its points."""
    points = each.question.points
    return f"{each.number}. Lesson {each.lesson}, {points} point{'s'[:points - 1]}"


def told(each: Printed) -> list[str]:
    """What the key says: the answer, the reason, and which mistake leads elsewhere."""
    asked = each.question
    split = " One point for the line, one for what it does." if asked.kind == "fault" \
        else ""
    return [f"*Right:* {each.right.rstrip('.')}. {asked.why}{split}",
            *(f"*Not:* {text.rstrip('.')}: {why}" for text, why in asked.wrong.items())]


def numbered(code: str) -> Iterable[str]:
    """Lines with their numbers before them.

    >>> [*numbered("a = 1")]
    ['1  a = 1']
    """
    return map("{}  {}".format, count(1), code.splitlines())


def prose(text: str) -> str:
    """Text with backticks and stars as HTML.

    >>> prose("a *part*: `i < k`")
    'a <em>part</em>: <code>i &lt; k</code>'
    """
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
    return re.sub(r"(?<!\w)\*([A-Za-z:]+)\*(?!\w)", r"<em>\1</em>", text)
