"""say whether the lessons can run here, to be pasted into a bug report"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace


def add_options(parser: ArgumentParser) -> None:
    """The doctor takes none."""


def run(given: Namespace) -> int:
    """Print one line for everything the lessons need."""
    from ifcn_lab import doctor

    return doctor.main()
