"""The Playground in a real JupyterLab: the hand and the page's network agree."""

import pytest

from lessons.stills import SETTLED

MAKE = "from ifcn_lab.widgets import Playground\nwidget = Playground()"


@pytest.mark.slow
def test_the_playground_lives_in_jupyterlab(lab) -> None:
    notebook = lab.open(lab.write("playground.ipynb", MAKE, "widget"))
    notebook.run_all()
    page = notebook.page
    page.wait_for_selector(".ifcn[data-by=WebAssembly]")
    picture = page.locator(".ifcn-sheet[role=application]").first
    picture.press("Enter")
    picture.press("Shift+ArrowRight")
    page.wait_for_function("() => document.querySelector('.ifcn').dataset.answered"
                           "?.includes('\"x\":97')")
    page.evaluate(SETTLED)
    page.wait_for_function("() => document.querySelector('.ifcn-words').textContent"
                           ".includes('finds 2 of 2')")
    assert notebook.errors == []
    notebook.close()
