"""Set-up: three files agree on versions, the package imports at once, make speaks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import ifcn_lab
from ifcn_lab.cli.doctor import pins

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = pins((ROOT / "constraints.txt").read_text())
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())
EXTRAS = PROJECT["optional-dependencies"]
OURSELVES = "ifcn-lab[cuda,site]"  # the extra `test` asks for the two others
TESTING = [line for extra in EXTRAS.values() for line in extra if line != OURSELVES]
needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is absent")


def run(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("line", [*PROJECT["dependencies"], *TESTING])
def test_every_dependency_is_pinned_within_its_range(line: str) -> None:
    wanted = Requirement(line)
    assert wanted.specifier.contains(PINS[canonicalize_name(wanted.name)])


def test_what_builds_the_site_is_installed_for_the_tests_too() -> None:
    assert OURSELVES in EXTRAS["test"]
    assert {"sphinx", "sphinx-revealjs"} <= installed_for_the_course()


def test_torch_may_move_and_the_tested_version_is_pinned() -> None:
    (line,) = (line for line in PROJECT["dependencies"] if line.startswith("torch"))
    wanted = Requirement(line).specifier
    assert [v for v in ("2.12.1", "2.13.0", "2.14.1") if v in wanted] == [
        "2.13.0", "2.14.1"]
    assert PINS["torch"] == "2.13.0"
    assert metadata.version("torch") in wanted


def installed_for_the_course() -> set[str]:
    """Follow the requirements of ifcn-lab[test] through what is installed here."""
    seen: set[str] = set()
    queue = [Requirement("ifcn-lab[test]")]
    while queue:
        wanted = queue.pop()
        name = canonicalize_name(wanted.name)
        if name in seen and not wanted.extras:
            continue
        seen.add(name)
        for line in metadata.requires(name) or []:
            child = Requirement(line)
            extras = [*wanted.extras, ""]
            marker = child.marker
            if not marker or any(marker.evaluate({"extra": e}) for e in extras):
                queue.append(child)
    return seen - {"ifcn-lab"}


def test_every_package_the_course_brings_along_is_pinned() -> None:
    only_with_a_gpu = re.compile("nvidia|cuda|triton")
    brought = {n for n in installed_for_the_course() if not only_with_a_gpu.match(n)}
    assert "jupyter-server" in brought
    assert brought - PINS.keys() == set()


def test_conda_installs_this_project_with_the_same_pins() -> None:
    *_, from_pip = CONDA["dependencies"]
    assert from_pip == {"pip": ["--constraint constraints.txt", "--editable .[test]"]}


def test_conda_takes_the_python_that_the_pins_were_tested_with() -> None:
    python = CONDA["dependencies"][0].removeprefix("python=")
    assert SpecifierSet(PROJECT["requires-python"]).contains(f"{python}.0")
    assert f"CPython {python}" in (ROOT / "constraints.txt").read_text()


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = "torch numba matplotlib pycocotools scipy IPython ipywidgets anywidget"
    code = (
        "import sys, ifcn_lab; dir(ifcn_lab);"
        f"print([m for m in {heavy.split()!r} if m in sys.modules])"
    )
    assert run(sys.executable, "-c", code).strip() == "[]"


def test_every_public_name_is_there() -> None:
    assert [name for name in ifcn_lab.__all__ if not hasattr(ifcn_lab, name)] == []
    assert set(ifcn_lab.__all__) <= set(dir(ifcn_lab))


def test_a_misspelt_name_is_an_attribute_error_that_helps() -> None:
    with pytest.raises(AttributeError, match="there are: .* assemble, "):
        _ = ifcn_lab.asemble


@needs_make
def test_make_alone_lists_what_can_be_made() -> None:
    said = make().stdout
    names = "lab test demo notebooks site slides bench help"
    for target in names.split():
        assert re.search(rf"make {target} +\w", said)


@needs_make
@pytest.mark.parametrize(
    ("python", "says"),
    [
        ("false", "is not Python 3.11 or newer"),
        ("", "No Python 3.11 or newer found"),
    ],
)
def test_make_says_which_python_is_missing(
    python: str, says: str, tmp_path: Path
) -> None:
    done = make("setup", f"VENV={tmp_path / 'venv'}", f"PYTHON={python}")
    assert done.returncode != 0
    assert says in done.stdout
    assert not (tmp_path / "venv").exists()


@needs_make
def test_make_says_how_to_get_the_venv_module(tmp_path: Path) -> None:
    (tmp_path / "ensurepip.py").write_text("raise ImportError")
    python = f"PYTHON=env PYTHONPATH={tmp_path} {sys.executable}"
    done = make("setup", f"VENV={tmp_path / 'venv'}", python)
    assert done.returncode != 0
    assert "apt install python3-venv" in done.stdout


@needs_make
def test_a_finished_set_up_is_not_done_again(tmp_path: Path) -> None:
    (tmp_path / ".installed").touch()
    assert make("--question", "setup", f"VENV={tmp_path}").returncode == 0
    os.utime(tmp_path / ".installed", (0, 0))
    assert make("--question", "setup", f"VENV={tmp_path}").returncode != 0


def test_the_readme_names_the_two_commands_before_any_other() -> None:
    shown = re.findall(r"^make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert shown[:2] == ["lab", "test"]


def test_ci_runs_make_test() -> None:
    script = ROOT / ".ci" / "run"
    assert script.read_text().endswith("\nmake test\n")
    assert os.name == "nt" or os.access(script, os.X_OK)


def test_citation_and_changelog_name_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == ifcn_lab.__version__
    assert f"## {ifcn_lab.__version__}" in (ROOT / "CHANGELOG.md").read_text()
