"""The concept inventory as a widget: ten questions, before and after the course."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import traitlets

from ifcn_course.inventory.answers import LETTERS, WHEN, Answers, as_code, new_code
from ifcn_course.inventory.questions import FILES, questions
from ifcn_lab.atomic_write import write_whole
from ifcn_lab.widgets.explorable import Explorable

TITLE = "Ten questions, {when} the course"


class Inventory(Explorable):
    """Ten questions with one right answer each; nobody is named.

    Choose, press "I am done", and save the answers as a file for the lecturer. Before
    the course no answer is shown, and the page holds none; after it, each question
    shows the right one and the reason. The code in the file is drawn at random. Keep
    it: it links your answers before and after, and says nothing else about you.

    Args:
        when: "before" or "after".
        whole: all questions at once, instead of one after the other.
        form: "a" or "b", which asks the same in other words and with other numbers;
            "family": ten questions on the relatives.

    `chosen` (a letter for each question's id), `code` and `done` are traits.

    Raises:
        ValueError: `when` or `form` is something else.

    >>> asked = Inventory("before")
    >>> asked
    Inventory(when='before')
    >>> asked.chosen = {"copy": "a"}
    >>> print(asked.words())
    Ten questions, before the course: 1 of 10 answered.
    >>> print(asked.answers().text().splitlines()[7][6:])
    ,before,copy,a
    """

    module = str(Path(__file__).with_name("inventory.js"))
    shown = ("when",)
    when = traitlets.Enum(WHEN, "before").tag(sync=True)
    whole = traitlets.Bool(False).tag(sync=True)
    asked = traitlets.List().tag(sync=True)
    letters = traitlets.Unicode(LETTERS).tag(sync=True)
    sealed = traitlets.Bytes(b"").tag(sync=True)
    chosen = traitlets.Dict().tag(sync=True)
    code = traitlets.Unicode("").tag(sync=True)
    done = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self, when: str = "before", *, whole: bool = False, form: str = "a"
    ) -> None:
        if when not in WHEN or form not in FILES:
            raise ValueError(f"when is {when!r}, form is {form!r}; give 'before' or "
                             "'after', and one of " + ", ".join(FILES) + ".")
        self._questions = questions(form)
        self._form = form
        asked = [{"name": each.name, "ask": each.ask,
                  "options": [[o.letter, o.text] for o in each.options]}
                 for each in self._questions]
        reasons = {each.name: {"right": each.right.letter,
                               "why": {o.letter: o.why for o in each.options}}
                   for each in self._questions}
        sealed = json.dumps(reasons).encode() if when == "after" else b""
        super().__init__(when=when, whole=whole, asked=asked, sealed=sealed)

    @traitlets.validate("chosen")
    def _known(self, proposal: Any) -> dict[str, str]:
        known = {q.name: [o.letter for o in q.options] for q in self._questions}
        for name, letter in proposal["value"].items():
            if letter not in known.get(name, ()):
                raise ValueError(f"there is no answer {letter!r} to question {name!r}; "
                                 f"the questions are: {', '.join(known)}.")
        return proposal["value"]

    @traitlets.validate("code")
    def _readable(self, proposal: Any) -> str:
        return proposal["value"] and as_code(proposal["value"])

    def answers(self) -> Answers:
        """What was chosen so far, under the learner's code; one is drawn if needed."""
        self.code = self.code or new_code()
        return Answers(self.code, self.when, dict(self.chosen), self._form)

    def save(self, folder: str | Path = ".") -> Path:
        """Write the answers to a file in a folder, for the lecturer.

        Raises:
            OSError: the file cannot be written.
        """
        answers = self.answers()
        path = Path(folder) / answers.file_name()
        write_whole(path, answers.text())
        return path

    def right(self) -> int:
        """How many of the chosen answers are right."""
        return sum(self.chosen.get(each.name) == each.right.letter
                   for each in self._questions)

    def words(self) -> str:
        """How many questions are answered; after the course, how many are right."""
        text = f"{TITLE.format(when=self.when)}: "
        count = f"{len(self.chosen)} of {len(self.asked)} answered."
        if not self.done:
            return text + count
        if self.when == "after":
            count += f" {self.right()} right."
        return f"{text}{count} Done. Your code is {self.code}."

    def grid(self) -> str:
        """All questions with their options; x for what was chosen.

        Once it is done, after the course, = for what is right, and why.
        """
        return "\n\n".join("\n".join(self._rows(n)) for n in range(len(self.asked)))

    def _rows(self, number: int) -> list[str]:
        each, open_ = self._questions[number], self.done and self.when == "after"
        mine, rows = self.chosen.get(each.name), [f"{number + 1}. {each.ask}"]
        for option in each.options:
            mark = "x" if option.letter == mine else " "
            mark = "=" if open_ and option.right else mark
            rows.append(f"({mark}) {option.letter}. {option.text}")
            if open_ and (option.right or option.letter == mine):
                rows.append(f"       {option.why}")
        return rows

    def html(self) -> str:
        """A page of its own: all questions, and a button that saves the file."""
        title = TITLE.format(when=self.when)
        page = super().html().replace("<title>Inventory<", f"<title>{title}<", 1)
        return page.replace(
            '<main id="widget"></main>',
            f'<main><h1 style="font: 600 24px system-ui, sans-serif; margin: 8px">'
            f'{title}</h1><div id="widget"></div></main>', 1)
