"""Newest versions: what moved, the report, and the workflows that would run it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from upkeep import latest

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text("utf-8"))
             for path in sorted(FOLDER.glob("*.yml"))}
ON = True  # YAML 1.1 reads the key `on` so
each_workflow = pytest.mark.parametrize("name", sorted(WORKFLOWS))


def test_what_moved_is_told_with_both_versions() -> None:
    tested = {"numpy": "2.4.6", "torch": "2.13.0", "six": "1.17.0"}
    now = {"numpy": "2.5.0", "torch": "2.13.0+cpu", "brandnew": "1.0", "pip": "30"}
    moves = latest.moved(tested, now)
    assert moves == [("brandnew", None, "1.0"), ("numpy", "2.4.6", "2.5.0")]
    assert "2 versions moved" in latest.as_text(moves)
    assert "| brandnew | new | 1.0 |" in latest.report(moves, "all passed")


def test_versions_are_read_from_this_environment() -> None:
    here = latest.installed()
    assert here["torch"] == metadata.version("torch")
    assert latest.moved(here, here) == []


def test_a_report_holds_the_failures_and_fits_into_an_issue() -> None:
    chatter = "\n".join(f"line {n} ````" for n in range(20_000))
    log = f"{chatter}\n= short test summary info =\nFAILED tests/test_a.py::test_b - x"
    text = latest.report([], log)
    assert "FAILED tests/test_a.py::test_b" in text and "line 5 " not in text
    assert len(latest.report([], chatter * 3)) < 65_536
    assert text.count("````") == 2


@each_workflow
def test_actions_are_pinned_by_commit_and_rights_are_small(name: str) -> None:
    workflow = WORKFLOWS[name]
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    used = [step["uses"] for step in steps if "uses" in step]
    assert used and all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", u) for u in used)
    assert workflow["permissions"] in ({}, {"contents": "read"})
    for title, job in workflow["jobs"].items():
        allowed = ({"id-token": "write"} if (name, title) == ("release", "publish")
                   else {"contents": "read", "issues": "write"})
        assert job.get("permissions", {}).items() <= allowed.items()
        assert job["timeout-minutes"] <= 120


@each_workflow
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is absent")
def test_every_step_is_a_script_that_bash_can_read(name: str) -> None:
    for job in WORKFLOWS[name]["jobs"].values():
        for script in (step.get("run", "") for step in job["steps"]):
            plain = re.sub(r"\$\{\{.*?\}\}", "x", script)
            read = subprocess.run(["bash", "-n"], input=plain, text=True)
            assert read.returncode == 0


def test_the_newest_versions_are_tried_every_week_and_by_hand() -> None:
    workflow = WORKFLOWS["latest"]
    (cron,) = (entry["cron"] for entry in workflow[ON]["schedule"])
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", cron)
    assert "workflow_dispatch" in workflow[ON]
    scripts = [s.get("run", "") for s in workflow["jobs"]["latest"]["steps"]]
    assert any("make test-latest" in script for script in scripts)


def test_a_tag_is_built_and_tested_outside_before_it_is_published() -> None:
    workflow = WORKFLOWS["release"]
    assert workflow[ON] == {"push": {"tags": ["v*"]}}
    build, tests, publish = workflow["jobs"].values()
    assert (tests["needs"], publish["needs"]) == ("build", "test")
    assert any("test_wheel.sh" in step.get("run", "") for step in tests["steps"])
    assert publish["environment"] == "pypi"
    assert not any("password" in str(step) for step in publish["steps"])


def test_systems_that_were_never_run_are_marked_and_may_fail() -> None:
    job = WORKFLOWS["tests"]["jobs"]["tests"]
    rows = {row["system"].split("-")[0]: row for row in
            job["strategy"]["matrix"]["include"]}
    assert set(rows) == {"ubuntu", "macos", "windows"}
    assert rows["ubuntu"]["command"] == ".ci/run"
    assert [s for s, row in rows.items() if row["state"] == "not run yet"] == [
        "macos", "windows"]
    assert "not run yet" in job["continue-on-error"] and "state" in job["name"]


# A stand-in for GitHub's client, which writes down what it was asked to do.
GH = """#!/bin/bash
if [ "$2" = list ]; then echo "$OPEN_ISSUE"; exit; fi
echo "$@" > "$ASKED"
while [ $# -gt 0 ]; do [ "$1" = --body-file ] && cat "$2" >> "$ASKED"; shift; done
"""


@pytest.mark.skipif(os.name == "nt", reason="the step is a bash script on Linux")
@pytest.mark.parametrize(
    ("number", "asked"), [("", "issue create --title"), ("12", "issue comment 12")]
)
def test_a_failure_opens_an_issue_or_comments_on_the_open_one(
    number: str, asked: str, tmp_path: Path
) -> None:
    step = WORKFLOWS["latest"]["jobs"]["latest"]["steps"][-1]
    (tmp_path / "latest.log").write_text("= short test summary info =\nFAILED a::b\n")
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    (tmp_path / ".venv-latest" / "bin").mkdir(parents=True)
    (tmp_path / ".venv-latest" / "bin" / "python").write_text(
        f'#!/bin/bash\nexec {sys.executable} "$@"\n')
    (tmp_path / ".venv-latest" / "bin" / "python").chmod(0o755)
    environment = {
        **os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "RUN": "the run",
        "RUNNER_TEMP": str(tmp_path), "PYTHONPATH": str(ROOT), "OPEN_ISSUE": number,
        "ASKED": str(tmp_path / "asked"), "TITLE": step["env"]["TITLE"],
    }
    subprocess.run(["bash", "-e", "-c", step["run"]], cwd=tmp_path, check=True,
                   env=environment)
    said = (tmp_path / "asked").read_text()
    assert said.startswith(asked)
    assert "FAILED a::b" in said and "The whole log: the run" in said
    assert step["if"] == "failure()"


@pytest.mark.skipif(shutil.which("make") is None, reason="make is absent")
def test_make_test_latest_runs_what_make_test_runs_without_pins() -> None:
    def lines(*asked: str) -> list[str]:
        command = ["make", "--dry-run", "--no-print-directory", *asked]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        joined = done.stdout.replace("\\\n", " ")
        return [" ".join(line.split()) for line in joined.splitlines()]

    newest = lines("test-latest")
    (ours,) = [line for line in lines("test") if "-m pytest" in line]
    (theirs,) = [line for line in newest if "-m pytest" in line]
    assert theirs == ours.replace(".venv/", ".venv-latest/")
    (install,) = [line for line in newest if "pip install" in line]
    assert "constraint" not in install and "--upgrade-strategy eager" in install
    assert install.endswith('--editable ".[test]"')
    assert f"{install} torch==2.14.1" in lines("test-latest", "TORCH=2.14.1")


def test_binder_installs_the_course_at_its_tested_versions() -> None:
    folder = ROOT / "binder"
    text = (folder / "requirements.txt").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert lines == ["--constraint ../constraints.txt", "--editable ."]
    assert (folder / lines[0].split()[1]).resolve() == ROOT / "constraints.txt"
    python = (folder / "runtime.txt").read_text().strip().removeprefix("python-")
    assert f"CPython {python}" in (ROOT / "constraints.txt").read_text()
    assert os.name == "nt" or os.access(folder / "postBuild", os.X_OK)
