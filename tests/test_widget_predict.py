"""Predict: in Python, and in a browser from a file of its own."""

import csv

import numpy as np
import pytest

from ifcn_lab.widgets import Predict, explorable, guesses, save_guesses
from ifcn_lab.widgets.guess_record import Guesses

WHY = "Assembling copies `H * W` scores."


def chosen():
    return Predict("How many numbers does it *compute*?", options=[0, 441, 11025],
                   answer=0, why=WHY)


def number():
    return Predict("Which share of `window` is kept?", low=0, high=100, unit="%",
                   answer=np.float32(95.25), why="It copies.")


def test_nothing_shows_the_answer_before_it_is_revealed():
    one, other = (Predict("Which?", options=["first", "second"], answer=each, why=each)
                  for each in ("first", "second"))
    for guess in (None, "second"):
        for shown in (one, other):
            shown.guess = guess
        assert one.describe() == other.describe()
        assert repr(one) == repr(other)
    one.revealed = other.revealed = True
    assert one.words().endswith("The answer: first. Not this time. first")
    assert other.words().endswith("The answer: second. Right. second")
    assert one.grid() == "(=) first\n(x) second"


def test_the_answer_cannot_be_revealed_before_a_guess_and_a_guess_stays():
    shown = chosen()
    with pytest.raises(ValueError, match="Guess first"):
        shown.revealed = True
    with pytest.raises(ValueError, match="nothing to record"):
        shown.record()
    assert repr(shown) == "Predict(guess=None)" and not shown.revealed
    shown.guess = "441"
    with pytest.raises(ValueError, match="locked in"):
        shown.guess = "0"
    with pytest.raises(ValueError, match="locked in"):
        shown.guess = None
    assert repr(shown) == "Predict(guess='441')"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"options": ["a", "b"], "answer": "c"}, "'c' is none of the options"),
        ({"options": ["a", "a"], "answer": "a"}, "twice"),
        ({"answer": 3}, "options, or low and high"),
        ({"answer": 3, "low": 0, "high": 2}, "3 lies outside the range: give a number"),
        ({"answer": float("nan"), "low": 0, "high": 2}, "from 0 to 2"),
        ({"answer": "many", "low": 0, "high": 2}, "'many' is no number"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(given, words):
    with pytest.raises(ValueError, match=words):
        Predict("What?", **given)


def test_a_guess_that_is_no_answer_is_refused():
    for shown, guess in ((chosen(), "442"), (number(), 101.0), (number(), "95")):
        if guess == "95":  # a number in words will do
            shown.guess = guess
            assert shown.guess == 95.0
            continue
        with pytest.raises(ValueError, match="none of the options|outside the range"):
            shown.guess = guess
        assert shown.guess is None


def test_a_record_keeps_the_guess_beside_the_truth(tmp_path):
    before = len(guesses())
    first, second = chosen(), number()
    first.guess, second.guess = "0", 90.0
    assert first.record() == (first.question, "0", "0", True, None)
    assert second.record() == (second.question, 90.0, 95.25, False, -5.25)
    kept = guesses()[before:]
    assert kept == [first.record(), second.record()]
    table = repr(Guesses(kept)).splitlines()
    assert table[0].split() == ["guess", "answer", "question"]
    assert table[2] == "90     95.25   off by 5.25  Which share of `window` is kept?"
    with save_guesses(tmp_path / "g.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["guess"] for row in rows[before:]] == ["0", "90"]
    assert [row["off"] for row in rows[before:]] == ["", "-5.25"]
    assert [row["right"] for row in rows[before:]] == ["1", "0"]
    assert len({row["id"] for row in rows}) == 1 and len(rows[0]["id"]) == 8


def test_the_page_does_not_hold_the_answer_as_text():
    shown = Predict("Which?", options=["a", "b"], answer="b", why="Because of zebras.")
    assert "zebras" not in shown.html()
    state = explorable.stored(shown._state())
    assert '"answer"' not in state and '"why"' not in state


# In a browser


def test_choosing_with_a_mouse_locks_then_reveals(opened):
    shown = chosen()
    page = opened(shown)
    lock, reveal = (page.page.get_by_role("button", name=name)
                    for name in ("Lock in my guess", "Reveal"))
    assert lock.is_disabled() and reveal.is_disabled()
    assert page.words() == shown.words()
    page.page.get_by_role("radio", name="441").check()
    assert reveal.is_disabled()
    lock.click()
    page.settle()
    shown.guess = "441"
    assert page.get("guess") == "441" and page.words() == shown.words()
    assert page.page.locator("input:enabled").count() == 0
    assert "The answer" not in page.page.locator(".ifcn-result").inner_text()
    reveal.click()
    page.settle()
    shown.revealed = True
    assert page.words() == shown.words()
    result = page.page.locator(".ifcn-result").inner_text()
    assert "441" in result and "Not this time." in result and "H * W" in result
    assert page.page.locator(".ifcn-result code").inner_text() == "H * W"
    assert page.errors == []


def test_a_number_is_given_and_revealed_from_the_keyboard_alone(opened):
    shown = number()
    page = opened(shown)
    keys = page.page.keyboard
    keys.press("Tab")
    keys.type("101")
    keys.press("Enter")
    assert page.get("guess") is None  # outside the range: not taken
    keys.press("ControlOrMeta+A")
    keys.type("80.5")
    keys.press("Enter")
    assert page.get("guess") == 80.5
    keys.press("Enter")  # the focus is on Reveal now
    page.settle()
    shown.guess, shown.revealed = 80.5, True
    assert page.get("revealed") and page.words() == shown.words()
    assert "Off by 14.75 %." in page.words()
    assert page.page.locator("svg.ifcn-line").count() == 1
    assert page.errors == []


def test_options_are_chosen_from_the_keyboard_alone(opened):
    page = opened(chosen())
    keys = page.page.keyboard
    for key in ("Tab", "Space", "ArrowDown", "Tab", "Enter", "Enter"):
        keys.press(key)
    page.settle()
    assert (page.get("guess"), page.get("revealed")) == ("441", True)
    focused = page.page.evaluate("() => document.activeElement.className")
    assert focused == "ifcn-result"
    assert page.errors == []


def test_python_can_guess_and_the_page_follows(opened):
    page = opened(chosen())
    page.set(guess="0")
    page.set(revealed=True)
    assert page.page.get_by_role("radio", name="0", exact=True).is_checked()
    assert "Right." in page.page.locator(".ifcn-result").inner_text()


def test_it_lives_in_jupyterlab_and_python_sees_the_guess(lab):
    make = ("from ifcn_lab.widgets import Predict, guesses\n"
            "asked = Predict('Share?', low=0, high=9, answer=7, why='So.')\nasked")
    notebook = lab.open(lab.write("predict.ipynb", make, "print(guesses())"))
    outputs = notebook.run_all()
    assert outputs[1]["outputs"][0]["text"] == "No guesses yet.\n"
    field = notebook.page.locator(".ifcn input[type=number]")
    field.fill("5")
    field.press("Enter")
    notebook.page.keyboard.press("Enter")
    notebook.page.wait_for_selector(".ifcn-result p")
    name, value = (notebook.page.locator(f".ifcn-result {tag}").first.bounding_box()
                   for tag in ("dt", "dd"))  # JupyterLab has rules of its own for these
    assert name["y"] + name["height"] <= value["y"]
    notebook.page.evaluate("() => { jupyterapp.shell.currentWidget.content"
                           ".activeCellIndex = 1; }")
    notebook.page.evaluate("() => jupyterapp.commands.execute('notebook:run-cell')")
    seen = notebook.page.evaluate("() => jupyterapp.shell.currentWidget.content"
                                  ".widgets[1].model.outputs.toJSON()")
    assert "5      7       off by 2  Share?" in seen[0]["text"]
    assert notebook.errors == []
    notebook.close()
