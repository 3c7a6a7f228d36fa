"""The wheelhouse: followed needs, sums, and an installation without any network.

The wheels here are small ones made by hand; the course's own is built once. All of it
is what `make wheelhouse` runs, with real pip and a real virtual environment.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ifcn_course.contents import LESSONS
from upkeep import wheelhouse
from upkeep.install import program
from upkeep.targets import Target, closure, needs, requires

NEEDS = {
    "alpha": ["beta[big]>=1", 'gamma; sys_platform == "win32"'],
    "beta": ['delta; extra == "big"', 'epsilon; extra == "huge"'],
    "gamma": ['zeta; python_version < "3.12"'],
    "delta": ["beta"],  # a circle
    "epsilon": [],
    "zeta": [],
}
WITHOUT_NETWORK = ["unshare", "--net", "--map-root-user"] if shutil.which("unshare") \
    else ["false"]


def make_wheel(folder: Path, name: str, needs: list[str]) -> Path:
    """Write a wheel of one module that knows its own name."""
    info = f"{name}-1.0.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0",
             *(f"Requires-Dist: {need}" for need in needs),
             "Provides-Extra: big", "Provides-Extra: huge"]
    tag = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", f"NAME = {name!r}\n")
        archive.writestr(f"{info}/METADATA", "\n".join(lines) + "\n")
        archive.writestr(f"{info}/WHEEL", tag)
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small wheels that need each other."""
    folder = tmp_path_factory.mktemp("shelf")
    for name, wants in NEEDS.items():
        make_wheel(folder, name, wants)
    return folder


def fetched(shelf: Path, wheels: Path, target: Target) -> set[str]:
    """What following alpha's needs fetches for a machine, with real pip."""
    def pip(*arguments: object) -> None:
        wheelhouse.pip(*arguments, "--no-index", "--find-links", shelf)

    wheels.mkdir()
    own = shutil.copy2(shelf / "alpha-1.0-py3-none-any.whl", wheels)
    closure(Path(own), [], target, wheels, "beta==1.0\n", pip)
    return set(wheelhouse.versions(wheels.glob("*.whl")))


def test_needs_are_followed_as_the_other_machine_reads_them(
    shelf: Path, tmp_path: Path
) -> None:
    found = fetched(shelf, tmp_path / "wheels", Target("windows", "3.11"))
    assert found == {"alpha", "beta", "delta", "gamma", "zeta"}


@pytest.mark.parametrize(
    ("wheel", "extras", "target", "names"),
    [
        ("alpha", [], Target("linux", "3.11"), ["beta"]),
        ("alpha", [], Target("macos", "3.11"), ["beta"]),
        ("alpha", [], Target("windows", "3.12"), ["beta", "gamma"]),
        ("gamma", [], Target("windows", "3.12"), []),
        ("gamma", [], Target("windows", "3.9"), ["zeta"]),
        ("beta", [], Target("linux", "3.11"), []),
        ("beta", ["big"], Target("linux", "3.11"), ["delta"]),
        ("beta", ["big", "huge"], Target("linux", "3.11"), ["delta", "epsilon"]),
    ],
    ids=str,
)
def test_markers_are_read_for_the_machine_that_is_meant(
    shelf: Path, wheel: str, extras: list[str], target: Target, names: list[str]
) -> None:
    path = shelf / f"{wheel}-1.0-py3-none-any.whl"
    assert [need.name for need in needs(path, extras, target)] == names


def test_a_package_without_a_wheel_is_named(shelf: Path, tmp_path: Path) -> None:
    (shelf / "delta-1.0-py3-none-any.whl").rename(tmp_path / "hidden")
    try:
        with pytest.raises(ValueError, match="delta"):
            fetched(shelf, tmp_path / "wheels", Target("linux", "3.11"))
    finally:
        (tmp_path / "hidden").rename(shelf / "delta-1.0-py3-none-any.whl")


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("two years")
    with pytest.raises(ValueError, match="holds other things"):
        wheelhouse.begin(tmp_path)
    assert wheelhouse.main(["--out", str(tmp_path)]) == 2
    assert (tmp_path / "thesis.txt").read_text() == "two years"


def test_wheels_of_an_earlier_run_go(tmp_path: Path) -> None:
    out = tmp_path / "house"
    wheelhouse.begin(out)
    make_wheel(out / "wheels", "old", [])
    wheelhouse.begin(out)
    assert list(out.rglob("*.whl")) == []


@pytest.fixture(scope="module")
def packed(shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished folder that installs two small packages, and its sums."""
    out = tmp_path_factory.mktemp("packed")
    wheelhouse.begin(out)
    for name in ("beta", "delta"):
        shutil.copy2(shelf / f"{name}-1.0-py3-none-any.whl", out / "wheels")
    wheelhouse.finish(out, [], [])
    (out / "requirements.txt").write_text("beta[big]\n")
    (out / wheelhouse.SUMS).write_text(wheelhouse.sums(out), newline="\n")
    return out


def install(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the folder's install.py, cut off from the network where that can be done."""
    command = [sys.executable, str(folder / "install.py"), *arguments]
    if subprocess.run([*WITHOUT_NETWORK, "true"], capture_output=True).returncode == 0:
        command = [*WITHOUT_NETWORK, *command]
    return subprocess.run(command, capture_output=True, text=True)


def test_it_installs_without_network(packed: Path, tmp_path: Path) -> None:
    into = tmp_path / "room"
    done = install(packed, "--into", str(into), "--no-doctor")
    assert done.returncode == 0, done.stderr
    python = program(str(into), "python")
    code = "import beta, delta; print(beta.NAME, delta.NAME)"
    said = subprocess.run([python, "-c", code], capture_output=True, text=True).stdout
    assert said == "beta delta\n"


def test_a_folder_holds_what_a_class_needs(packed: Path) -> None:
    lines = (packed / wheelhouse.SUMS).read_text().splitlines()
    names = {line.split("  ", 1)[1] for line in lines}
    assert {"install.py", "README.txt", "constraints.txt", "requirements.txt"} <= names
    here = {f"notebooks/{path.relative_to(wheelhouse.ROOT / 'notebooks').as_posix()}"
            for path in (wheelhouse.ROOT / "notebooks").rglob("*.ipynb")
            if ".ipynb_checkpoints" not in path.parts}
    assert len(here) >= 14 and here <= names


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is absent")
def test_the_sums_are_those_of_sha256sum(packed: Path) -> None:
    command = ["sha256sum", "--check", "--strict", "--quiet", wheelhouse.SUMS]
    assert subprocess.run(command, cwd=packed).returncode == 0


@pytest.mark.parametrize("name", ["wheels/beta-1.0-py3-none-any.whl", "LICENSE"])
def test_a_damaged_or_missing_file_is_named_before_anything_is_installed(
    packed: Path, tmp_path: Path, name: str
) -> None:
    copy = shutil.copytree(packed, tmp_path / "copy")
    (copy / name).write_bytes((copy / name).read_bytes()[:-1] + b"!")
    changed = install(copy)
    (copy / name).unlink()
    missing = install(copy)
    assert (changed.returncode, missing.returncode) == (1, 1)
    assert f"{name} is damaged" in changed.stdout
    assert f"{name} is missing" in missing.stdout
    assert not (copy / ".venv").exists()


def test_another_machine_is_told_what_the_wheels_are_for(
    packed: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(packed, tmp_path / "copy")
    made = [Target("windows", "3.12").as_dict()]
    (copy / "made_for.json").write_text(json.dumps(made))
    said = install(copy)
    assert said.returncode == 1
    assert "are for Windows AMD64, Python 3.12. Here is " in said.stdout


def test_the_courses_own_wheel_carries_its_data(tmp_path: Path) -> None:
    try:
        wheelhouse.pip("wheel", "--no-deps", "--wheel-dir", tmp_path, wheelhouse.ROOT)
    except ValueError as error:
        if "hatchling" in str(error):
            pytest.skip("pip finds no hatchling here, which builds the wheel")
        raise
    (own,) = tmp_path.glob("ifcn_lab-*.whl")
    names = set(zipfile.ZipFile(own).namelist())
    assert "ifcn_lab/_data/constraints.txt" in names
    assert "ifcn_lab/_data/weights/scenes.safetensors" in names
    assert {f"ifcn_course/predictions/{n:02}.toml" for n in LESSONS} <= names
    assert any(line.startswith("torch") for line in requires(own))
