"""The syllabi: the same lessons in different lengths, checked against the lessons.

`guide/syllabi.toml` says which sections and exercises a syllabus takes. What that
makes in minutes follows from the lessons' opening boxes and exercises.

    python -m upkeep.syllabi            writes the tables of TEACHING.md anew
    python -m upkeep.syllabi --check    says what does not add up, and changes nothing
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode

from lessons import build, rules, source
from lessons.opening import Opening, opening
from lessons.tasks import Announcement

ROOT = Path(__file__).parent.parent
DATA = ROOT / "guide" / "syllabi.toml"
PAGE = ROOT / "TEACHING.md"
_MADE = re.compile(
    r"(?<=<!-- (?P<name>lessons|syllabi): made by python -m upkeep.syllabi -->\n)"
    r".*?(?=<!-- end of (?P=name) -->)",
    re.DOTALL,
)


class Lesson(NamedTuple):
    """What a syllabus needs to know of a lesson."""

    number: int
    title: str
    path: str
    box: Opening
    tasks: tuple[Announcement, ...]
    sections: tuple[str, ...]
    place: dict[str, str]
    """The section of each exercise."""


class Planned(NamedTuple):
    """A part of a session: its minutes and what is done; `rest` fills the session."""

    lesson: int | None
    what: str
    explaining: int
    doing: int
    take: tuple[str, ...]
    skip: tuple[str, ...]
    exercises: tuple[str, ...]
    rest: bool

    @property
    def minutes(self) -> int:
        """Explaining and doing together."""
        return self.explaining + self.doing


def main(arguments: Sequence[str]) -> int:
    """Write the tables, or say what does not add up."""
    data, lessons = tomllib.loads(DATA.read_text("utf-8")), read_lessons()
    wrong = list(problems(data, lessons))
    if not wrong and "--check" not in arguments:
        text = with_tables(PAGE.read_text("utf-8"), data, lessons)
        PAGE.write_text(text, "utf-8", newline="\n")
    print("\n".join(wrong) or "The syllabi add up.")
    return 1 if wrong else 0


def read_lessons(root: Path = ROOT) -> dict[int, Lesson]:
    """Every lesson by its number.

    Raises:
        ValueError: a lesson has no opening box.
    """
    return {lesson.number: lesson for lesson in map(read_lesson, build.lessons(root))}


def read_lesson(path: Path) -> Lesson:
    """One lesson: its box, its exercises, its sections."""
    cells = source.read(path)
    box = opening(cells)
    if box is None:
        raise ValueError(f"{path.name} has no opening box with minutes, seconds and MB")
    found = rules.headings(cells)
    title = re.sub(r"^\d+\. ", "", next(words for level, words in found if level == 1))
    sections = tuple(words for level, words in found if level == 2)
    return Lesson(int(path.name[:2]), title, path.name, box,
                  tuple(rules.tasks(cells)), sections, places(cells))


def places(lesson: NotebookNode) -> dict[str, str]:
    """The section that each exercise of a lesson stands in."""
    section, found = "", {}
    for cell in lesson.cells:
        one = source.notebook([cell])
        section = ([words for level, words in rules.headings(one) if level == 2]
                   or [section])[-1]
        found |= {task.number: section for task in rules.tasks(one)}
    return found


def planned(part: Mapping, lessons: Mapping[int, Lesson]) -> Planned:
    """One part of a session with its minutes."""
    lists = {key: tuple(part.get(key, ())) for key in ("take", "skip")}
    if "lesson" not in part:
        explaining, rest = part.get("minutes", 0), "minutes" not in part
        return Planned(None, part["what"], explaining, 0, **lists, exercises=(),
                       rest=rest)
    lesson = lessons[part["lesson"]]
    every = [task.number for task in lesson.tasks if not task.open_problem]
    exercises = tuple(part.get("exercises", every))
    doing = sum(t.minutes for t in lesson.tasks if t.number in exercises)
    explaining = part.get("explaining", lesson.box.explaining)
    return Planned(lesson.number, part.get("what", ""), explaining, doing, **lists,
                   exercises=exercises, rest=False)


def parts_of(session: Mapping, lessons: Mapping[int, Lesson]) -> list[Planned]:
    """The parts of a session; the one without minutes of its own gets the rest."""
    parts = [planned(part, lessons) for part in session["part"]]
    left = session["minutes"] - sum(part.minutes for part in parts)
    return [part._replace(explaining=left) if part.rest else part for part in parts]


def problems(data: Mapping, lessons: Mapping[int, Lesson]) -> Iterator[str]:
    """One sentence for each thing that does not add up."""
    told = {row["number"] for row in data["lesson"]}
    if told != set(lessons):
        yield f"sentences for lessons {sorted(told)}, lessons {sorted(lessons)}"
    for syllabus in data["syllabus"]:
        for session in syllabus["session"]:
            name = f"{syllabus['name']}, {session['name']}"
            yield from (f"{name}: {p}" for p in session_problems(session, lessons))


def session_problems(session: Mapping, lessons: Mapping[int, Lesson]) -> Iterator[str]:
    """What is wrong with one session."""
    wanted = [part for part in session["part"] if "lesson" in part]
    for part in wanted:
        yield from part_problems(part, lessons)
    if any(part["lesson"] not in lessons for part in wanted):
        return
    parts = parts_of(session, lessons)
    total = sum(part.minutes for part in parts)
    if total != session["minutes"]:
        yield f"{total} minutes planned, there are {session['minutes']}"
    if sum(part.rest for part in parts) > 1:
        yield "two parts without minutes"
    if any(part.minutes <= 0 for part in parts):
        yield "; ".join(f"{p.what or p.lesson} {p.minutes} minutes" for p in parts)


def part_problems(part: Mapping, lessons: Mapping[int, Lesson]) -> Iterator[str]:
    """What is wrong with a part that is of a lesson."""
    if part["lesson"] not in lessons:
        yield f"there is no lesson {part['lesson']}"
        return
    lesson = lessons[part["lesson"]]
    chosen = [*part.get("take", []), *part.get("skip", [])]
    yield from (f"lesson {lesson.number} has no section {name!r}"
                for name in chosen if name not in lesson.sections)
    known = {task.number for task in lesson.tasks if not task.open_problem}
    for number in part.get("exercises", []):
        if number not in known:
            yield f"no exercise {number} to do in class"
        elif not is_taken(lesson.place[number], part):
            yield f"exercise {number} stands in {lesson.place[number]!r}, not taken"
    explaining = part.get("explaining", lesson.box.explaining)
    if "take" in part and "skip" in part:
        yield f"lesson {lesson.number}: name the sections taken or skipped, not both"
    if bool(chosen) != ("explaining" in part):
        yield f"lesson {lesson.number}: sections and minutes of explaining go together"
    if explaining > lesson.box.explaining or chosen and "exercises" not in part:
        yield (f"lesson {lesson.number}: at most {lesson.box.explaining} minutes of "
               "explaining, and the exercises of a shortened lesson are named")


def is_taken(section: str, part: Mapping) -> bool:
    """Whether a part of a session takes a section of its lesson."""
    skipped = part.get("skip", [])
    return section in part.get("take", [section]) and section not in skipped


def with_tables(page: str, data: Mapping, lessons: Mapping[int, Lesson]) -> str:
    """The page with both tables as they follow from the lessons and the syllabi."""
    made = {"lessons": lesson_table(data, lessons), "syllabi": plans(data, lessons)}
    return _MADE.sub(lambda match: f"\n{made[match['name']]}\n\n", page)


def lesson_table(data: Mapping, lessons: Mapping[int, Lesson]) -> str:
    """A row for each lesson: minutes, what Run All may take, what to say without it."""
    without = {row["number"]: row["without"] for row in data["lesson"]}
    rows = [lesson_row(lesson, without[number])
            for number, lesson in sorted(lessons.items())]
    boxes = [lesson.box for lesson in lessons.values()]
    total = [sum(getattr(box, name) for box in boxes)
             for name in ("minutes", "explaining", "doing")]
    return "\n".join([
        "| no. | lesson | minutes | explaining | doing | home | Run All | without it |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |", *rows,
        f"| | all | {total[0]} | {total[1]} | {total[2]} | | | |",
    ])


def lesson_row(lesson: Lesson, without: str) -> str:
    """The row of one lesson."""
    box = lesson.box
    at_home = (task for task in lesson.tasks if task.open_problem)
    home = ", ".join(f"{task.number} ({task.minutes})" for task in at_home)
    cells = [lesson.number, f"[{lesson.title}](lessons/{lesson.path})", box.minutes,
             box.explaining, box.doing, home, f"{box.seconds} s, {box.megabytes} MB",
             without]
    return f"| {' | '.join(map(str, cells))} |"


def plans(data: Mapping, lessons: Mapping[int, Lesson]) -> str:
    """Every syllabus, session by session."""
    blocks = []
    for syllabus in data["syllabus"]:
        blocks.append(f"### {syllabus['name']}\n\n{syllabus['for']}")
        several = len(syllabus["session"]) > 1
        for session in syllabus["session"]:
            title = f"**{session['name']}**, {session['minutes']} minutes\n\n"
            blocks.append(title * several + session_table(session, lessons))
    return "\n\n".join(blocks)


def session_table(session: Mapping, lessons: Mapping[int, Lesson]) -> str:
    """One row for each part of a session."""
    rows = [f"| {part.minutes} | {said(part, lessons)} |"
            for part in parts_of(session, lessons)]
    return "\n".join(["| minutes | what |", "| --- | --- |", *rows])


def said(part: Planned, lessons: Mapping[int, Lesson]) -> str:
    """What is done in a part, in words."""
    if part.lesson is None:
        return part.what
    lesson = lessons[part.lesson]
    words = [f"**Lesson {part.lesson}, {lesson.title}**: "
             f"{part.explaining} explaining, {part.doing} doing."]
    words += [f"Take {listed(part.take)}."] * bool(part.take)
    words += [f"Skip {listed(part.skip)}."] * bool(part.skip)
    if part.exercises:
        many = "s" * (len(part.exercises) > 1)
        words.append(f"Exercise{many} {', '.join(part.exercises)}.")
    return " ".join([*words, part.what]).strip()


def listed(names: Sequence[str]) -> str:
    """Section titles in a row, each in italics."""
    return ", ".join(f"*{name}*" for name in names)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
