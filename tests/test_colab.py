"""The first cell of a notebook: on Colab it adds what is missing, elsewhere nothing.

The environment is a real one, with other versions, real pip and no network; the wheels
in it are small ones made by hand, and a stand-in is there for `google.colab`.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from lessons import build
from lessons.colab import SOURCE, TAG, of_the_lesson
from upkeep.install import program
from website import pages

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LACKING = {"anywidget", "jaxtyping", "filelock"}
OTHERS = {"torch": "2.8.0+cu126", "numpy": "2.0.2", "ipywidgets": "7.7.1"}
LISTED = """
from importlib.metadata import distributions
print(*(f"{d.name}=={d.version}" for d in distributions()))"""


def wheel(folder: Path, name: str, version: str, needs: list[str], files: dict) -> str:
    """Write a wheel; what pip is to be told."""
    path = f"{name.replace('-', '_')}-{version}"
    files |= {
        f"{path}.dist-info/METADATA": "\n".join(
            ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}",
             *(f"Requires-Dist: {need}" for need in needs)]) + "\n",
        f"{path}.dist-info/WHEEL":
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{path}.dist-info/RECORD": ""}
    with zipfile.ZipFile(folder / f"{path}-py3-none-any.whl", "w") as archive:
        for at, text in files.items():
            archive.writestr(at, text)
    return f"{name}=={version}"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, str]]:
    """An environment like Colab's: its own torch and NumPy, some packages missing."""
    shelf, place = (tmp_path_factory.mktemp(name) for name in ("shelf", "colab"))
    needs = PROJECT["dependencies"]
    names = {line: line.split(">")[0] for line in needs}
    there = [wheel(shelf, name, OTHERS.get(name, "99.0"), [], {})
             for name in names.values() if name not in {*LACKING, "jupyterlab"}]
    for line, name in names.items():
        if name in LACKING:
            lowest = line.split(">=")[1].split(",")[0]
            wheel(shelf, name, lowest, ["numpy"], {})
    course = {f"ifcn_course/{n}": (ROOT / "ifcn_course" / n).read_text("utf-8")
              for n in ("__init__.py", "colab.py")}
    wheel(shelf, "ifcn-lab", "0.1.0", needs, course)
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    google = place / "google" / "colab"
    google.mkdir(parents=True)
    (google / "__init__.py").write_text("")
    (google / "output.py").write_text(
        "def enable_custom_widget_manager(): print('widgets')\n")
    env = {"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull,
           "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(shelf),
           "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONPATH": str(place)}
    made = program(str(place), "python")
    subprocess.run([made, "-m", "pip", "install", "-q", *there], env=env, check=True)
    return made, env


def ran(python: tuple, before: str) -> tuple[set[str], str]:
    """What is installed after the cell, and what it printed."""
    made, env = python
    done = subprocess.run([made, "-c", f"{before}\n{SOURCE}\n{LISTED}"], env=env,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    *said, last = done.stdout.splitlines()
    return set(last.split()), "\n".join(said)


@pytest.mark.slow
def test_the_cell_adds_what_is_missing_and_keeps_what_is_there(python: tuple) -> None:
    before, said = ran(python, "")
    assert said == "" and not any(one.startswith("ifcn") for one in before)
    after, said = ran(python, "import google.colab")
    assert said == "widgets"
    assert {one.split("==")[0] for one in after - before} == {"ifcn-lab", *LACKING}
    assert before <= after and {f"{n}=={v}" for n, v in OTHERS.items()} <= after
    assert ran(python, "import google.colab") == (after, "widgets")


def test_every_notebook_begins_with_the_cell() -> None:
    for lesson in build.lessons(ROOT):
        for notebook in build.derived(lesson, ROOT).values():
            first = notebook.cells[0]
            assert (first.source, first.metadata.tags) == (SOURCE, [TAG])
            assert of_the_lesson(notebook) == notebook.cells[1:]
    ast.parse(SOURCE)
    assert max(map(len, SOURCE.splitlines())) <= 79


def test_readme_and_site_lead_to_colab_at_the_projects_address() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    where = PROJECT["urls"]["Repository"].removeprefix("https://github.com/")
    base = f"https://colab.research.google.com/github/{where}/blob/main/notebooks"
    for lesson in build.lessons(ROOT):
        assert f"[{int(lesson.stem[:2])}]({base}/{lesson.stem}.ipynb)" in readme
    assert f"{pages.COLAB}/notebooks" == base
