"""A real JupyterLab server with a real browser in front of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = {
    # All cells are in the page, not only those in sight; nothing is fetched.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false", "checkForUpdates": False,
    },
}
RUN_ALL = """async () => {
  const panel = jupyterapp.shell.currentWidget;
  await panel.context.ready;
  await panel.sessionContext.ready;
  await jupyterapp.commands.execute('notebook:run-all-cells');
}"""
OUTPUTS = """() => Array.from(jupyterapp.shell.currentWidget.content.widgets)
  .filter((cell) => cell.model.type === 'code')
  .map((cell) => ({ count: cell.model.executionCount,
                    outputs: cell.model.outputs.toJSON() }))"""


class Lab:
    """A running server; `open` shows a notebook of its folder in a new page."""

    def __init__(self, folder: Path, address: str, browser: object) -> None:
        self.folder, self.address, self.browser = folder, address, browser

    def write(self, name: str, *sources: str) -> str:
        """A notebook with these code cells."""
        import nbformat

        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        about = {"kernelspec": kernel}
        notebook = nbformat.v4.new_notebook(cells=cells, metadata=about)
        nbformat.write(notebook, self.folder / name)
        return name

    def open(self, name: str, **options: object) -> Notebook:
        """The notebook in a page of its own, its kernel ready."""
        context = self.browser.new_context(
            viewport={"width": 1280, "height": 900}, **options)
        page = context.new_page()
        found = Notebook(page)
        page.goto(f"{self.address}/lab/tree/{name}?reset")
        page.wait_for_function(
            "() => globalThis.jupyterapp?.shell?.currentWidget?.context?.isReady")
        return found


class Notebook:
    """A notebook in JupyterLab, and what the console said."""

    def __init__(self, page: object) -> None:
        self.page, self.errors = page, []
        page.on("pageerror", self._note)

    def _note(self, error: object) -> None:
        # anywidget says this of a model that takes two seconds, as it may on a busy
        # machine; whether the widget comes is asserted where it is waited for.
        if "Failed to initialize model" not in str(error):
            self.errors.append(str(error))

    def run_all(self, seconds: float = 900) -> list[dict]:
        """Run every cell and wait; return the outputs of the code cells."""
        self.page.set_default_timeout(1000 * seconds)
        self.page.evaluate(RUN_ALL)
        return self.page.evaluate(OUTPUTS)

    def close(self) -> None:
        """Close the page and end the kernel."""
        self.page.evaluate(
            "() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        self.page.context.close()


@pytest.fixture(scope="session")
def lab(browser: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab over an empty folder, as a learner starts it."""
    folder = tmp_path_factory.mktemp("lab")
    settings = tmp_path_factory.mktemp("settings")
    (settings / "overrides.json").write_text(json.dumps(SETTINGS))
    log = tmp_path_factory.mktemp("log") / "jupyter.log"
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
        "--ServerApp.port=0", "--IdentityProvider.token=", "--ServerApp.password=",
        f"--ServerApp.root_dir={folder}", "--LabApp.expose_app_in_browser=True",
        f"--LabApp.app_settings_dir={settings}", "--ServerApp.disable_check_xsrf=True",
    ]
    own = {"JUPYTER_RUNTIME_DIR": str(settings / "runtime"),
           "JUPYTER_CONFIG_DIR": str(settings / "config"), "PYTHONPATH": str(ROOT)}
    with log.open("w") as file:
        server = subprocess.Popen(command, stdout=file, stderr=file,
                                  env={**os.environ, **own})
    try:
        yield Lab(folder, _address(settings / "runtime", server, log), browser)
    finally:
        server.terminate()
        server.wait(600)


def _address(runtime: Path, server: subprocess.Popen, log: Path) -> str:
    """Where the server listens, once it answers."""
    end = time.monotonic() + 600
    while time.monotonic() < end and server.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            address = json.loads(file.read_text())["url"].rstrip("/")
            try:
                urlopen(f"{address}/api/status", timeout=60)
            except OSError:
                continue
            return address
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")
