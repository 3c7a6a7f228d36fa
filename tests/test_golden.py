"""The golden vectors: what they cover, and that every implementation gives them."""

import os
import subprocess
import sys

import golden_vectors
import numpy as np
import pytest
import torch

from ifcn_lab.assembling import assemble

VECTORS = golden_vectors.read()
BACKENDS = ("auto", "loop", "numpy", "numba", "torch", "cuda", "cuda-reference")
VIEWS = [v for v in VECTORS if v.case.m % v.case.k == 0 and v.case.centers is None]
case_names = pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v.case.name)


def wishes(vector):
    return {"centers": golden_vectors.centers_of(vector.case), "fill": vector.case.fill}


def as_planes(vector):
    """The windows of a vector in the other layout."""
    if vector.case.centers is not None:
        return np.moveaxis(vector.windows, 0, -1)
    return np.moveaxis(vector.windows, (-4, -3), (-2, -1))


@case_names
def test_the_shipped_file_is_what_the_loop_gives(vector):
    made = golden_vectors.work_out(vector.case)
    assert made.case == vector.case
    assert np.array_equal(made.maps, vector.maps)
    assert np.array_equal(made.windows, vector.windows)


def test_every_case_is_shipped_once():
    assert [vector.case for vector in VECTORS] == list(golden_vectors.CASES)


def test_the_cases_cover_what_goes_wrong():
    cases = golden_vectors.CASES
    assert {case.k for case in cases} == set(range(1, 8))
    assert any(case.m % case.k for case in cases)
    assert any(case.m % 2 == 0 for case in cases)
    assert any(case.m > max(case.height, case.width) for case in cases)
    assert len({case.fill for case in cases}) > 3
    assert any(case.images for case in cases)


@pytest.mark.parametrize("backend", BACKENDS)
@case_names
def test_an_implementation_gives_every_number(vector, backend):
    windows = assemble(vector.maps, vector.case.m, backend=backend, **wishes(vector))
    assert windows.shape == vector.windows.shape
    assert np.array_equal(windows, vector.windows)


@pytest.mark.parametrize("backend", BACKENDS)
@case_names
def test_an_implementation_gives_every_plane(vector, backend):
    planes = assemble(vector.maps, vector.case.m, backend=backend, layout="plane",
                      **wishes(vector))
    assert np.array_equal(planes, as_planes(vector))


@pytest.mark.parametrize("backend", ("auto", "numba", "torch"))
@case_names
def test_tensors_give_every_number(vector, backend):
    maps = torch.from_numpy(vector.maps.astype(np.float32))
    windows = assemble(maps, vector.case.m, backend=backend, **wishes(vector))
    assert np.array_equal(windows.numpy(), vector.windows)


@pytest.mark.parametrize("vector", VIEWS, ids=lambda v: v.case.name)
def test_the_view_gives_every_number_where_there_is_one(vector):
    case = vector.case
    view = assemble(vector.maps, case.m, backend="view", fill=case.fill)
    assert np.array_equal(view.reshape(vector.windows.shape), vector.windows)


CHECKED = """
import golden_vectors
import numpy as np
from ifcn_lab.assembling import assemble, numba_

assert not hasattr(numba_.planes_kernel(1, 1), "py_func"), "the kernel is compiled"
for vector in golden_vectors.read():
    case = vector.case
    wishes = {"centers": golden_vectors.centers_of(case), "fill": case.fill,
              "backend": "numba"}
    windows = assemble(vector.maps, case.m, **wishes)
    assert np.array_equal(windows, vector.windows), case.name
    planes = assemble(vector.maps, case.m, layout="plane", **wishes)
    assert np.array_equal(np.sort(planes.ravel()), np.sort(windows.ravel())), case.name
print("every index inside")
"""


def test_the_numba_kernels_as_plain_python_never_leave_an_array():
    run = subprocess.run(
        [sys.executable, "-c", CHECKED], capture_output=True, text=True,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1",
             "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert run.stdout.strip() == "every index inside", run.stderr
