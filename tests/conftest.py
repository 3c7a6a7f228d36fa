"""What all tests share: array shapes checked at run time, two threads, real data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

pytest_plugins = ["tests.browser_cases", "tests.jupyter_cases", "tests.site_cases"]

# Before anything imports the library: from here on every annotated function of
# both packages checks the types and array shapes it is given and gives back. A test of
# an error that such a check would catch first calls the function unchecked, through
# inspect.unwrap.
# An int will do for a float, as PEP 484 has it.
CHECKED = "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))"
install_import_hook(["ifcn_lab", "ifcn_course"], CHECKED)

# No test waits for a clock: a busy machine is slow, and that is no failure.
settings.register_profile("clockless", deadline=None,
                          suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("clockless")

# Results must not depend on the cores of the machine. The variable is for the programs
# that tests start.
os.environ["OMP_NUM_THREADS"] = "2"
# As importing the library sets it; torch reads it once, whichever comes first.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def pytest_configure(config: pytest.Config) -> None:
    """Hold torch to two threads; pass over what pycocotools says of NumPy 2."""
    import torch

    config.addinivalue_line(
        "filterwarnings", "ignore:__array__ implementation:DeprecationWarning"
    )

    torch.set_num_threads(2)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Find the folder of real photographs and microscopy, or skip and say so."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("IFCN_LAB_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; IFCN_LAB_DATA can name another folder")
    return folder
