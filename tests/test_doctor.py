"""The doctor tells what stops a lesson from what does not, and shipped files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ifcn_lab.cli import doctor
from ifcn_lab.data import shipped

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def here() -> subprocess.CompletedProcess[str]:
    """Run the doctor once, as a person would."""
    command = [sys.executable, "-m", "ifcn_lab.cli.doctor"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_every_line_between_title_and_verdict_is_a_finding(
    here: subprocess.CompletedProcess[str],
) -> None:
    title, *findings, verdict = here.stdout.splitlines()
    assert title.startswith("ifcn_lab ")
    assert all(re.match(r"\[( OK |FAIL| -- )\] \w", line) for line in findings)
    assert len(findings) > 20
    assert verdict == "The lessons can run."


def test_the_doctor_finds_the_machine_that_runs_these_tests_healthy(
    here: subprocess.CompletedProcess[str],
) -> None:
    assert here.returncode == 0
    assert here.stderr == ""


@pytest.mark.parametrize(
    "what",
    "Python numpy torch numba front-end CUDA threads memory disk data "
    "bubblewrap".split(),
)
def test_the_doctor_speaks_of(
    what: str, here: subprocess.CompletedProcess[str]
) -> None:
    assert what in here.stdout


def test_the_report_holds_no_path_of_the_person_who_pastes_it(
    here: subprocess.CompletedProcess[str],
) -> None:
    assert str(Path.home()) not in here.stdout
    assert str(ROOT) not in here.stdout


def test_a_missing_package_is_a_failure_that_says_what_to_type() -> None:
    line = doctor._dependency("no-such-package", "1.0", optional=False)
    assert line.mark == "FAIL"
    assert "pip install -c constraints.txt no-such-package" in line.text


def test_a_missing_package_of_the_tests_is_no_failure() -> None:
    assert doctor._dependency("no-such-package", "1.0", optional=True).mark == "--"


def test_another_version_than_the_tested_one_is_a_note() -> None:
    line = doctor._dependency("numpy", "2.0.0", optional=False)
    assert line.mark == "OK"
    assert line.text.endswith("(tested with 2.0.0)")


def test_a_package_that_does_not_load_is_a_failure_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken-1.0.dist-info").mkdir()
    card = "Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n"
    (tmp_path / "broken-1.0.dist-info" / "METADATA").write_text(card)
    message = f"{Path.home()}/a.so is missing\nand more"
    (tmp_path / "broken.py").write_text(f"raise OSError({message!r})")
    monkeypatch.syspath_prepend(tmp_path)
    line = doctor._dependency("broken", "1.0", optional=False)
    assert line.mark == "FAIL"
    assert line.text.endswith("does not load: OSError: ~/a.so is missing")


def test_an_absent_front_end_is_not_found() -> None:
    assert doctor._extension("no-such-extension") is None


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Lay the package out as a wheel does: data beside the code."""
    package = tmp_path / "ifcn_lab"
    for name in ("__init__.py", "lazy.py", "atomic_write.py",
                 "cli/__init__.py", "cli/doctor.py",
                 "data/__init__.py", "data/shipped.py"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "ifcn_lab" / name, package / name)
    shutil.copytree(ROOT / "data", package / "_data")
    shutil.copy(ROOT / "constraints.txt", package / "_data")
    return package


def python(code: str, package: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(package.parent)}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=package.parent, env=env, capture_output=True, text=True
    )


def test_a_changed_and_a_missing_file_stop_the_lessons(installed: Path) -> None:
    (installed / "_data" / "a.bin").write_bytes(b"as shipped")
    (installed / "_data" / "b.bin").write_bytes(b"as shipped")
    python("import runpy; "
           "runpy.run_module('ifcn_lab.data.shipped', run_name='__main__')", installed)
    (installed / "_data" / "a.bin").write_bytes(b"cut sho")
    (installed / "_data" / "b.bin").unlink()
    done = python("import sys, ifcn_lab.cli.doctor as d; sys.exit(d.run())", installed)
    assert "[FAIL] data/a.bin is changed" in done.stdout
    assert "[FAIL] data/b.bin is missing" in done.stdout
    assert "2 to mend" in done.stdout
    assert done.returncode == 1


def test_an_installed_package_finds_its_own_data(installed: Path) -> None:
    code = "from ifcn_lab.data import shipped; print(shipped.path('README.md').parent)"
    assert python(code, installed).stdout.strip() == str(installed / "_data")
    code = "from ifcn_lab.data import shipped; print(shipped.constraints().parent)"
    assert python(code, installed).stdout.strip() == str(installed / "_data")


def test_every_shipped_file_is_listed_with_its_checksum() -> None:
    stored = (ROOT / "data" / "SHA256SUMS").read_text()
    assert stored == shipped._sums(ROOT / "data"), "run python -m ifcn_lab.data.shipped"


def test_every_shipped_file_has_a_card() -> None:
    cards = "".join(p.read_text() for p in (ROOT / "data").rglob("*.md"))
    assert [name for name in shipped.listed() if Path(name).name not in cards] == []


def test_a_file_that_does_not_ship_is_named_in_the_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"no file 'nothing\.bin' ships"):
        shipped.path("nothing.bin")
