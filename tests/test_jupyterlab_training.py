"""The TrainingMonitor in JupyterLab: the kernel stays free, the buttons reach it."""

import pytest

MAKE = """
from ifcn_lab import InstanceFCN
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.training import LESSON
from ifcn_lab.widgets import TrainingMonitor
scenes = SceneSet(4, size=(64, 64), objects=(2, 3), sizes=(14, 34))
recipe = LESSON.with_(iterations=100_000, seconds=None, batch=2, crop=48)
monitor = TrainingMonitor(InstanceFCN(2, 7, "small"), scenes, recipe, pace=0.1)
"""
CELLS = [MAKE, "monitor", "monitor.start()", "print(6 * 7, monitor.status)"]
RUN_LAST = """() => { jupyterapp.shell.currentWidget.content.activeCellIndex = 3;
  return jupyterapp.commands.execute('notebook:run-cell'); }"""
LAST = """() => jupyterapp.shell.currentWidget.content.widgets[3].model.outputs
  .toJSON()[0].text"""


@pytest.fixture
def live(lab):
    notebook = lab.open(lab.write("training.ipynb", *CELLS))
    yield notebook
    notebook.close()


def said(live):
    """What a cell prints that is run now."""
    live.page.evaluate(RUN_LAST)
    return live.page.evaluate(LAST)


def test_training_goes_on_beside_other_cells_and_obeys_the_buttons(live):
    outputs = live.run_all()
    assert outputs[3]["outputs"][0]["text"] == "42 training\n"
    page, words = live.page, live.page.locator(".ifcn-words")
    page.wait_for_function(
        "() => parseInt(document.querySelector('.ifcn-slider input').max) >= 5")
    for press, state in (("pause", "paused"), ("resume", "training"),
                         ("stop", "stopped")):
        page.get_by_role("button", name=press, exact=True).last.click()
        page.wait_for_function(
            "state => document.querySelector('.ifcn-words').innerText.toLowerCase()"
            ".startsWith(state)", arg=state)
        assert said(live) == f"42 {state}\n"
    assert "of 100000 steps taken" in words.inner_text()
    page.locator(".ifcn-slider input").press("Home")
    page.wait_for_function("() => document.querySelector('.ifcn-words').innerText"
                           ".includes('Shown is the network untrained')")
    assert live.errors == []
