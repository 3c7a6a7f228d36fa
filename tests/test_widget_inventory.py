"""Inventory: in Python, in a browser from a file of its own, and in JupyterLab."""

import pytest

from ifcn_course.inventory import questions, read
from ifcn_course.inventory.widget import Inventory
from ifcn_lab.__main__ import main

RIGHT = {each.name: each.right.letter for each in questions()}
WHYS = [option.why for each in questions() for option in each.options]


def choose_all(page, letters):
    """Choose an option of every question on a page that shows all of them."""
    for group, letter in zip(page.locator("fieldset").all(), letters, strict=True):
        group.get_by_role("radio").nth("abcd".index(letter)).check()


def saved(page, folder):
    """Press the button; where the browser put the file."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save my answers").click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def test_before_the_course_nothing_holds_an_answer(opened):
    asked = Inventory("before", whole=True)
    assert asked.sealed == b""
    page = opened(asked)
    choose_all(page.page, "aaaaaaaaaa")
    page.page.get_by_role("button", name="I am done").click()
    page.settle()
    body = page.page.locator("body").inner_text()
    assert not [why for why in WHYS if why in body or why in asked.html()]
    assert "right" not in page.words()
    asked.chosen, asked.done = dict.fromkeys(RIGHT, "a"), True
    assert "=" not in asked.grid().replace("k = 3", "").replace("k = 5", "").replace(
        "m = 20", "")
    assert page.errors == []


def test_a_page_from_the_command_saves_the_file_that_python_reads(
    browser, tmp_path, capsys
):
    out = tmp_path / "before.html"
    assert main(["inventory", "page", "--out", str(out)]) == 0
    assert "before.html: ten questions" in capsys.readouterr().out
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(out.as_uri())
    choose_all(page, RIGHT.values())
    page.get_by_role("button", name="I am done").click()
    path = saved(page, tmp_path)
    found = read(path)
    assert found.when == "before" and found.chosen == RIGHT
    assert path.name == found.file_name()
    assert path.read_text("utf-8") == found.text()  # the same bytes as Python writes
    assert found.code in page.locator(".ifcn-result").inner_text()
    assert page.locator("h1").inner_text() == "Ten questions, before the course"
    codes = set()
    for _ in range(5):
        page.reload()
        page.get_by_role("radio").first.check()
        page.get_by_role("button", name="I am done").click()
        codes.add(page.evaluate("() => ifcnModel.get('code')"))
    assert len(codes | {found.code}) == 6
    context.close()


def test_after_the_course_answers_and_reasons_are_shown(opened, tmp_path):
    asked = Inventory("after", whole=True)
    page = opened(asked)
    letters = dict(RIGHT, copy="a")
    choose_all(page.page, letters.values())
    assert page.page.locator(".ifcn-why:visible").count() == 0
    field, done = page.page.get_by_role("textbox"), page.page.get_by_role(
        "button", name="I am done")
    field.fill("Anna")
    done.click()
    assert "is no code" in page.page.get_by_role("alert").inner_text()
    assert not page.get("done")
    field.fill(" abc 234")
    done.click()
    page.settle()
    asked.chosen, asked.code, asked.done = letters, "ABC234", True
    assert page.words() == asked.words()
    assert "9 right." in page.words()
    whys = page.page.locator(".ifcn-why:visible").all_inner_texts()
    expected = [o.why for q in questions() for o in q.options
                if o.right or letters[q.name] == o.letter]
    assert whys == expected and len(whys) == 11
    assert all(why in asked.grid() for why in expected)
    assert page.page.locator("input[type=radio]:enabled").count() == 0
    assert read(saved(page.page, tmp_path)) == asked.answers()
    assert page.errors == []


def test_one_after_the_other_from_the_keyboard_alone(opened):
    page = opened(Inventory("before"))
    keys = page.page.keyboard
    shown = page.page.locator("fieldset:visible legend")
    keys.press("Tab")
    for n, each in enumerate(questions()):
        assert shown.all_inner_texts() == [f"{n + 1}. {each.ask}"]
        for key in ("Space", "ArrowDown", "Tab") if n == 0 else ("Tab", "Space", "Tab"):
            keys.press(key)
        if n == 9:
            break
        if n > 0:
            keys.press("Tab")  # past Back
        keys.press("Enter")
        focused = page.page.evaluate("() => document.activeElement.textContent")
        assert focused.startswith(f"{n + 2}. ")
        if n == 0:
            assert page.get("chosen") == {"per-class": "b"}
    done = page.page.get_by_role("button", name="I am done")
    done.press("Enter")
    page.settle()
    assert page.get("done") and len(page.get("chosen")) == 10
    assert "before the course: 10 of 10 answered. Done." in page.words()
    assert page.errors == []


def test_python_saves_too_and_refuses_what_is_no_answer(tmp_path):
    asked = Inventory("after")
    asked.chosen = {"copy": "d", "layout": "c"}
    path = asked.save(tmp_path)
    assert read(path) == asked.answers() and asked.right() == 1
    for chosen in ({"copy": "e"}, {"nothing": "a"}):
        with pytest.raises(ValueError, match="the questions are: per-class"):
            asked.chosen = chosen
    with pytest.raises(ValueError, match="give 'before' or 'after'"):
        Inventory("later")
    with pytest.raises(ValueError, match="six letters and digits"):
        asked.code = "nobody"


def test_a_cell_stores_no_answer():
    asked = Inventory("after")
    assert asked._repr_mimebundle_()[0]["text/plain"] == "Inventory(when='after')"
    assert asked.words() == "Ten questions, after the course: 0 of 10 answered."


def test_it_lives_in_jupyterlab_and_python_has_the_answers(lab):
    make = ("from ifcn_course.inventory.widget import Inventory\n"
            "asked = Inventory('after')\nasked")
    notebook = lab.open(lab.write("inventory.ipynb", make,
                                  "print(asked.save().read_text())"))
    notebook.run_all()
    page = notebook.page
    for n in range(10):
        page.locator("fieldset:visible").get_by_role("radio").nth(1).check()
        if n < 9:
            page.get_by_role("button", name="Next", exact=True).click()
    page.get_by_role("textbox", name="Your code").fill("xyz789")
    page.get_by_role("button", name="I am done").click()
    page.wait_for_selector(".ifcn-result p")
    page.evaluate("() => { jupyterapp.shell.currentWidget.content"
                  ".activeCellIndex = 1; }")
    page.evaluate("() => jupyterapp.commands.execute('notebook:run-cell')")
    seen = page.evaluate("() => jupyterapp.shell.currentWidget.content"
                         ".widgets[1].model.outputs.toJSON()")
    assert "XYZ789,after,next-window,b" in seen[0]["text"]
    assert notebook.errors == []
    notebook.close()
