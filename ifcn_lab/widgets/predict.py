"""Predict, then reveal: a question that keeps the guess beside the truth."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import traitlets

from ifcn_lab.widgets.explorable import Explorable
from ifcn_lab.widgets.guess_record import Guess, noted
from ifcn_lab.widgets.number_words import fixed

ONE = "Choose one: "
NO_GUESS = "No guess yet."
SEALED = "The answer is not shown yet."


class _OneGuess(traitlets.Any):
    """None at first; taking it back to None is looked at like any other change."""

    allow_none = False


class Predict(Explorable):
    """A question to answer before the answer is shown.

    Choose, press "Lock in my guess", then "Reveal". Nothing is revealed before a
    guess, and a guess that is locked in stays. `guesses()` lists all of a session.

    Args:
        question: in words; `code` may stand between backticks.
        options: what to choose from. None: the answer is a number.
        answer: the right option, or the number; it may be computed.
        low, high: the least and the most a number may be.
        unit: what stands behind a number, "%" for instance.
        why: a sentence or two, shown with the answer.

    `guess`, `answer` and `revealed` are traits: Python sees them change. What the
    page is given of the answer is `sealed`, and no text shows it before its time.

    Raises:
        ValueError: options without the answer in them, or neither options nor a
            range, or an answer outside it.

    >>> asked = Predict("How many copies?", options=["0", "441"], answer="441",
    ...                 why="One a pixel.")
    >>> asked
    Predict(guess=None)
    >>> asked.guess = "0"
    >>> asked.revealed = True
    >>> print(asked.words().split("? ")[1])
    Choose one: 0; 441. Your guess: 0. The answer: 441. Not this time. One a pixel.
    """

    module = "predict.js"
    shown = ("guess",)
    question, unit = (traitlets.Unicode("").tag(sync=True) for _ in range(2))
    options = traitlets.List(traitlets.Unicode()).tag(sync=True)
    low, high = (traitlets.Float(None, allow_none=True).tag(sync=True)
                 for _ in range(2))
    sealed = traitlets.Bytes(b"").tag(sync=True)
    guess = _OneGuess(None).tag(sync=True)
    revealed = traitlets.Bool(False).tag(sync=True)
    answer = traitlets.Any()
    why = traitlets.Unicode("")

    def __init__(
        self, question: str, *, answer: object, options: Sequence[object] | None = None,
        low: float | None = None, high: float | None = None, unit: str = "",
        why: str = "",
    ) -> None:
        names = [] if options is None else [str(each) for each in options]
        truth = _checked(answer, names, low, high)
        sealed = json.dumps({"answer": truth, "why": why}).encode()
        super().__init__(question=question, options=names, low=low, high=high,
                         unit=unit, why=why, answer=truth, sealed=sealed)

    @traitlets.validate("guess")
    def _one_guess(self, proposal: Any) -> object:
        value = proposal["value"]
        if self.guess is None and value is None:
            return None
        if self.guess is not None and value != self.guess:
            raise ValueError(f"The guess {self.guess!r} is locked in. Run the cell "
                             "again to be asked again.")
        return _checked(value, self.options, self.low, self.high)

    @traitlets.validate("revealed")
    def _guess_first(self, proposal: Any) -> bool:
        if self.guess is None and proposal["value"]:
            raise ValueError("There is no guess yet. Guess first; then the answer "
                             "can be revealed.")
        return proposal["value"]

    @traitlets.observe("guess")
    def _note(self, change: Any) -> None:
        noted(self.record())

    def record(self) -> Guess:
        """The question, the guess beside the truth, and how far off it is.

        Raises:
            ValueError: there is no guess yet.
        """
        if self.guess is None:
            raise ValueError("There is no guess yet, so there is nothing to record.")
        right, off = self.guess == self.answer, None
        if not self.options:
            off = self.guess - self.answer
        return Guess(self.question, self.guess, self.answer, right, off)

    def words(self) -> str:
        """The question and what may be chosen; then the guess; at last the answer."""
        text = f"{self.question} {self._asks()}"
        if self.guess is None:
            return f"{text} {NO_GUESS}"
        text += f" Your guess: {self._said(self.guess)}."
        if not self.revealed:
            return f"{text} {SEALED}"
        text += f" The answer: {self._said(self.answer)}. {self._verdict()} {self.why}"
        return text.strip()

    def _asks(self) -> str:
        if self.options:
            return f"{ONE}{'; '.join(self.options)}."
        return f"A number {self._range()}."

    def _range(self) -> str:
        return f"from {said(self.low)} to {self._said(self.high)}"

    def _said(self, value: object) -> str:
        if isinstance(value, str):
            return value
        return f"{said(value)} {self.unit}".strip()

    def _verdict(self) -> str:
        guess = self.record()
        if guess.right:
            return "Right."
        if guess.off is None:
            return "Not this time."
        return f"Off by {self._said(abs(guess.off))}."

    def grid(self) -> str:
        """The options in rows: x for the guess, and = for the answer once it is shown.

        A number has no rows.
        """
        return "\n".join(f"({self._mark(each)}) {each}" for each in self.options)

    def _mark(self, option: str) -> str:
        if self.revealed and option == self.answer:
            return "="
        return "x" if option == self.guess else " "


def said(value: float) -> str:
    """A number with as many decimals as it needs, six at most; as in JavaScript.

    >>> said(95.0), said(0.1 + 0.2), said(-2.5), said(11025)
    ('95', '0.3', '-2.5', '11025')
    """
    return fixed(value, 6).rstrip("0").rstrip(".")


def _checked(
    value: object, options: Sequence[str], low: float | None, high: float | None
) -> str | float:
    """One of the options, or a number in the range."""
    if options:
        if len(set(options)) < len(options):
            raise ValueError(f"An option stands there twice: {', '.join(options)}.")
        if str(value) not in options:
            raise ValueError(f"{str(value)!r} is none of the options; they are: "
                             f"{', '.join(options)}.")
        return str(value)
    if low is None or high is None:
        raise ValueError("A question needs options, or low and high for a number.")
    try:
        number = float(value)
    except ValueError:
        raise ValueError(f"{value!r} is no number; give one from {said(low)} to "
                         f"{said(high)}.") from None
    if not low <= number <= high:
        raise ValueError(f"{number:.6g} lies outside the range: give a number from "
                         f"{said(low)} to {said(high)}.")
    return number
