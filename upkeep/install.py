"""Install the course from the folder that this file lies in; no server is asked.

    python3 install.py       on Linux and macOS
    py -3 install.py         on Windows

Options: --into FOLDER makes the virtual environment there (default: .venv beside this
file), --no-doctor leaves out the last step.
"""

import hashlib
import json
import os
import platform
import subprocess
import sys
import venv

HERE = os.path.dirname(os.path.abspath(__file__))


def main(arguments: list) -> int:
    """Check, install, try out; 1 where something is wrong, told in one line."""
    into = os.path.join(HERE, ".venv")
    if "--into" in arguments:
        into = os.path.abspath(arguments[arguments.index("--into") + 1])
    trouble = misfit() or damage(notebooks=not os.path.isdir(into))
    if trouble:
        print(trouble)
        return 1
    print("Every file is as it was packed. Installing into", into, flush=True)
    venv.EnvBuilder(with_pip=True, clear=False).create(into)
    failed = install(program(into, "python"))
    if failed or "--no-doctor" in arguments:
        return failed
    return subprocess.call([program(into, "ifcn-lab"), "doctor"])


def misfit() -> str:
    """Say why this machine cannot take these wheels; "" if it can."""
    with open(os.path.join(HERE, "made_for.json"), encoding="utf-8") as file:
        made = json.load(file)
    here = {"system": platform.system(), "machine": platform.machine(),
            "python": "%d.%d" % sys.version_info[:2]}  # noqa: UP031
    if here in made:
        return ""
    wanted = "; ".join(words(each) for each in made)
    return "These wheels are for %s. Here is %s." % (wanted, words(here))  # noqa: UP031


def words(machine: dict) -> str:
    """Say a machine."""
    return "{system} {machine}, Python {python}".format(**machine)


def damage(notebooks: bool) -> str:
    """Name the first file that is missing or changed; "" if all are as packed.

    Notebooks change as soon as somebody works in them, so a second run skips them.
    """
    with open(os.path.join(HERE, "SHA256SUMS"), encoding="utf-8") as file:
        lines = file.read().splitlines()
    for line in lines:
        wanted, name = line.split("  ", 1)
        if name.endswith(".ipynb") and not notebooks:
            continue
        path = os.path.join(HERE, *name.split("/"))
        if not os.path.isfile(path):
            return name + " is missing: copy the folder again."
        if digest(path) != wanted:
            return name + " is damaged: copy the folder again."
    return ""


def digest(path: str) -> str:
    """The SHA-256 of a file, read in pieces."""
    total = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in iter(lambda: file.read(2**20), b""):
            total.update(piece)
    return total.hexdigest()


def install(python: str) -> int:
    """Run pip without any server and without this machine's settings for pip."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
    environment["PIP_CONFIG_FILE"] = os.devnull
    environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    files = [os.path.join(HERE, name)
             for name in ("wheels", "constraints.txt", "requirements.txt")]
    options = ["--find-links", files[0], "--constraint", files[1],
               "--requirement", files[2]]
    command = [python, "-m", "pip", "install", "--quiet", "--no-index", *options]
    return subprocess.call(command, env=environment)


def program(folder: str, name: str) -> str:
    """A program of a virtual environment."""
    inside = ("Scripts", name + ".exe") if os.name == "nt" else ("bin", name)
    return os.path.join(folder, *inside)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
