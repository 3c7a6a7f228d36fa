"""Widgets and lessons where they are opened: in JupyterLab, in a browser."""

from pathlib import Path

import numpy as np
import pytest

from ifcn_lab.assembling import assemble
from ifcn_lab.widgets.greys import shade

ROOT = Path(__file__).resolve().parents[1]
LESSONS = sorted(path.name for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))
MAKE = """
import numpy as np
from ifcn_lab.widgets import Assembler
maps = np.random.default_rng(0).normal(size=(9, 12, 15)).astype(np.float32) * 3
widget = Assembler.from_maps(maps, m=7, center=(6, 7))
"""
MASK = """() => { const c = document.querySelector('.ifcn-panel:last-of-type canvas');
  return Array.from(c.getContext('2d').getImageData(0, 0, 7, 7).data)
    .filter((_, n) => n % 4 === 0); }"""


def shows(notebook, mask):
    """Say whether the widget comes to show this mask, for as long as one may wait."""
    for _ in range(3000):
        if np.array_equal(np.reshape(notebook.page.evaluate(MASK), (7, 7)), mask):
            return True
        notebook.page.wait_for_timeout(200)
    return False


def expected_mask(y, x):
    maps = np.random.default_rng(0).normal(size=(9, 12, 15)).astype(np.float32) * 3
    return shade(assemble(maps, 7, centers=[(y, x)])[0])


@pytest.fixture(params=["light", "dark"])
def live(lab, request):
    name = lab.write("live.ipynb", MAKE, "widget", "widget.y, widget.x = 2, 3",
                     "print(widget.y, widget.x)")
    notebook = lab.open(name, color_scheme=request.param)
    if request.param == "dark":
        notebook.page.evaluate(
            "() => jupyterapp.commands.execute('apputils:change-theme', "
            "{ theme: 'JupyterLab Dark' })")
    yield notebook
    notebook.close()


def test_the_assembler_lives_in_jupyterlab(live):
    """Python moves it, a mouse moves it, and Python sees where it went."""
    outputs = live.run_all()
    assert outputs[3]["outputs"][0]["text"] == "2 3\n"
    live.page.wait_for_selector(".ifcn-sheet")
    assert shows(live, expected_mask(2, 3))
    maps = live.page.locator(".ifcn-sheet").first
    maps.scroll_into_view_if_needed()
    box = maps.bounding_box()
    across, down = 3 * 15 + 2, 3 * 12 + 2
    for place, drop in (((2, 3), False), ((9, 11), True)):
        live.page.mouse.move(box["x"] + (place[1] + 0.5) * box["width"] / across,
                             box["y"] + (place[0] + 0.5) * box["height"] / down)
        live.page.mouse.up() if drop else live.page.mouse.down()
    assert shows(live, expected_mask(9, 11))
    live.page.evaluate("() => { jupyterapp.shell.currentWidget.content"
                       ".activeCellIndex = 3; }")
    live.page.evaluate("() => jupyterapp.commands.execute('notebook:run-cell')")
    seen = live.page.evaluate("() => jupyterapp.shell.currentWidget.content"
                              ".widgets[3].model.outputs.toJSON()")
    assert seen[0]["text"] == "9 11\n"
    assert live.errors == []


def test_keyboard_sliders_and_haste_in_jupyterlab(live):
    """Nothing but keys; every slider to both ends; 200 moves at once."""
    live.run_all()
    live.page.wait_for_selector(".ifcn-sheet")
    assert shows(live, expected_mask(2, 3))  # where Python has put it
    maps = live.page.locator(".ifcn-sheet").first
    maps.press("ArrowRight")
    maps.press("Shift+ArrowDown")
    assert shows(live, expected_mask(7, 4))
    sliders = live.page.locator(".ifcn input[type=range]")
    sliders.first.press("ArrowRight")  # JupyterLab has shortcuts on the arrows
    sliders.first.press("ArrowRight")
    sliders.first.press("ArrowDown")
    assert shows(live, expected_mask(8, 4))
    assert sliders.first.evaluate("(input) => input === document.activeElement")
    for n in range(sliders.count()):
        for key in ("Home", "End"):
            sliders.nth(n).press(key)
    assert shows(live, expected_mask(11, 14))
    box = maps.bounding_box()
    live.page.mouse.move(box["x"] + 5, box["y"] + 5)
    live.page.mouse.down()
    live.page.mouse.move(box["x"] + 115, box["y"] + 90, steps=200)
    live.page.mouse.up()
    live.page.wait_for_function(
        "() => document.querySelector('.ifcn-words').innerText"
        ".startsWith('Window at row 11')")
    assert live.errors == []


def problems(outputs):
    """What went wrong in the cells of a notebook, one line for each."""
    return [
        f"cell {n}: {out.get('ename', out.get('name'))}"
        for n, cell in enumerate(outputs)
        for out in cell["outputs"]
        if out["output_type"] == "error" or out.get("name") == "stderr"
    ]


FIGURES_ONLY = "07_real_images.ipynb"  # the one lesson without a widget


@pytest.mark.slow
@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_runs_to_its_end_and_no_widget_is_blank(lab, name):
    """As a learner does it: open the file, Run All, look."""
    (lab.folder / name).write_bytes((ROOT / "notebooks" / name).read_bytes())
    notebook = lab.open(name)
    outputs = notebook.run_all()
    assert all(cell["count"] for cell in outputs)
    assert problems(outputs) == []
    kinds = [kind for cell in outputs for out in cell["outputs"]
             for kind in out.get("data", {})]
    wanted = kinds.count("application/vnd.jupyter.widget-view+json")
    assert wanted >= (name != FIGURES_ONLY)
    notebook.page.wait_for_function(  # each has come, and has said its words
        "wanted => document.querySelectorAll('.ifcn').length === wanted && "
        "[...document.querySelectorAll('.ifcn .ifcn-words')].every(w => w.innerText)",
        arg=wanted)
    for widget in notebook.page.locator(".ifcn").all():
        assert widget.locator("canvas, input").count() > 0
        assert widget.locator(".ifcn-words").inner_text() != ""
    assert notebook.errors == []
    notebook.close()
