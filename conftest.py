"""What every run of pytest has: notebooks' budgets, and failures told at once."""

from __future__ import annotations

import os

import pytest

os.environ["IFCN_LAB_PROGRESS"] = ""  # tests are no learner
pytest_plugins = ["lessons.budget"]


class FailuresAtOnce:
    """Prints what failed when it fails: a run that is cut off has said it then."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One report of one phase of one test."""
        terminal = self.config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal:
            terminal.ensure_newline()
            terminal.section(report.nodeid, "_")
            terminal.line(report.longreprtext)


def pytest_configure(config: pytest.Config) -> None:
    """Where reports come together, not in the processes that run the tests."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(FailuresAtOnce(config))
