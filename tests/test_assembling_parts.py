"""View, numba and the ends of `assemble`: memory, layouts, output arrays, choice."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ifcn_lab.assembling import assemble, pad
from ifcn_lab.assembling.backend_choice import NUMBA_FROM, _copied, best
from ifcn_lab.assembling.kernel_cache import copy_numbers
from ifcn_lab.cli import doctor
from ifcn_lab.grid import Grid

ROOT = Path(__file__).parent.parent
WRITERS = ("loop", "numpy", "numba", "torch", "cuda-reference", "cuda")


def some_maps(k, height=6, width=7, batch=(), seed=0):
    shape = (*batch, k * k, height, width)
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


# The view


@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 6), st.integers(1, 6),
       st.sampled_from([(), (2,)]))
def test_a_view_holds_what_is_assembled_and_copies_nothing(k, c, height, width, batch):
    maps, m = some_maps(k, height, width, batch), k * c
    padded = pad(maps, m, fill=-1.0)
    view = assemble(padded, m, backend="view", padded=True)
    assert view.shape == (*batch, height, width, k, c, k, c)
    assert np.shares_memory(view, padded)
    copied = assemble(maps, m, fill=-1.0, backend="loop")
    assert np.array_equal(view.reshape(copied.shape), copied)
    planes = assemble(padded, m, backend="view", layout="plane", padded=True)
    expected = assemble(maps, m, fill=-1.0, backend="loop", layout="plane")
    assert np.shares_memory(planes, padded)
    assert np.array_equal(planes.reshape(expected.shape), expected)


def test_a_view_of_maps_in_any_order_in_memory_is_right():
    padded = np.asfortranarray(pad(some_maps(2), 4))[:, ::-1]
    view = assemble(padded, 4, backend="view", padded=True)
    expected = assemble(np.ascontiguousarray(padded), 4, backend="view", padded=True)
    assert np.array_equal(view, expected)


def test_a_view_is_read_only_and_follows_its_maps():
    padded = pad(some_maps(1), 3)
    view = assemble(padded, 3, backend="view", padded=True)
    with pytest.raises(ValueError, match="read-only"):
        view[0, 0, 0, 0, 0, 0] = 1
    padded[0, 1, 1] = 42
    assert view[0, 0, 0, 1, 0, 1] == 42


def test_the_view_of_a_tensor_has_the_gradient_of_the_gather():
    maps = torch.from_numpy(some_maps(3)).requires_grad_()
    weight = torch.from_numpy(some_maps(1, 42, 36)).view(6, 7, 6, 6)
    view = assemble(maps, 6, backend="view")
    (seen,) = torch.autograd.grad((view.reshape(6, 7, 6, 6) * weight).sum(), maps)
    (copied,) = torch.autograd.grad((assemble(maps, 6) * weight).sum(), maps)
    torch.testing.assert_close(seen, copied)


def test_a_view_of_cells_of_two_sizes_is_refused_and_a_size_that_fits_is_named():
    message = "21 places in 5 parts make [5, 4, 4, 4, 4]"
    with pytest.raises(ValueError, match=re.escape(message) + ".*m = 20 or 25"):
        assemble(some_maps(5), 21, backend="view")


def test_a_view_takes_no_centers_and_no_maps_without_their_margin():
    with pytest.raises(ValueError, match="takes no centers"):
        assemble(some_maps(2), 4, backend="view", centers=[(1, 1)])
    with pytest.raises(ValueError, match="no room for their margin of 9"):
        assemble(some_maps(2), 10, backend="view", padded=True)


@pytest.mark.parametrize("m", [0, -2])
def test_a_margin_for_no_window_is_refused(m):
    for maps in (some_maps(2), torch.from_numpy(some_maps(2))):
        with pytest.raises(ValueError, match=f"m is {m}; .* at least 1 place"):
            pad(maps, m)
    with pytest.raises(TypeError, match="m is True"):
        pad(some_maps(2), True)


def test_a_tensor_without_memory_is_no_part_of_another():
    maps = torch.zeros(4, 5, 6, device="meta")
    out = torch.empty(5, 6, 3, 3, device="meta")
    assert assemble(maps, 3, backend="torch", out=out) is out


# What it is for


@given(st.integers(1, 4), st.integers(0, 5), st.integers(0, 2**32 - 1))
def test_ps_roi_pooling_is_the_mean_over_the_assembled_cells(k, more, seed):
    """R-FCN pools cell (a, b) of a region from map a * k + b: here the same cells."""
    m, y, x = k + more, 7, 8
    maps = np.random.default_rng(seed).integers(0, 100, (k * k, 16, 16))
    window = assemble(maps, m, centers=[(y, x)])[0]
    edges, top, left = Grid(k, m).edges, y - m // 2, x - m // 2
    for a, b in np.ndindex(k, k):
        rows, columns = slice(*edges[a : a + 2]), slice(*edges[b : b + 2])
        region = maps[a * k + b, top + edges[a] : top + edges[a + 1],
                      left + edges[b] : left + edges[b + 1]]
        assert window[rows, columns].mean() == region.mean()


# Where it is written


@pytest.mark.parametrize("layout", ["window", "plane"])
@pytest.mark.parametrize("backend", WRITERS)
@pytest.mark.parametrize("centers", [None, [(0, 0), (5, 6), (3, 3)]])
def test_nothing_is_written_outside_the_output(backend, layout, centers):
    maps = some_maps(2)
    options = {"centers": centers, "layout": layout, "fill": 3.0}
    expected = assemble(maps, 5, backend="loop", **options)
    guarded = np.full(expected.size + 200, 7.5, np.float32)
    out = guarded[100:-100].reshape(expected.shape)
    assert assemble(maps, 5, backend=backend, out=out, **options) is out
    assert np.array_equal(out, expected)
    assert (guarded[:100] == 7.5).all() and (guarded[-100:] == 7.5).all()


@pytest.mark.parametrize("backend", WRITERS)
def test_an_output_in_any_order_in_memory_is_filled(backend):
    maps = some_maps(2)
    expected = assemble(maps, 5, backend="loop")
    out = np.empty(expected.shape[::-1], np.float32).T
    assemble(maps, 5, backend=backend, out=out)
    assert np.array_equal(out, expected)


@pytest.mark.parametrize("backend", ("numba", "torch", "numpy"))
def test_a_tensor_is_written_to_as_well(backend):
    maps = torch.from_numpy(some_maps(2))
    out = torch.empty(6, 7, 5, 5)
    assert assemble(maps, 5, backend=backend, out=out) is out
    assert torch.equal(out, assemble(maps, 5))


MAPS = some_maps(2)
WRONG_OUTPUTS = {
    "shape": (np.empty((6, 7, 5, 4), "f4"), ValueError, "expected shape (6, 7, 5, 5)"),
    "dtype": (np.empty((6, 7, 5, 5)), ValueError, "dtype float64; expected"),
    "kind": (torch.empty(6, 7, 5, 5), TypeError, "give arrays of one kind"),
    "list": ([], TypeError, "out is a list"),
}


@pytest.mark.parametrize("mistake", WRONG_OUTPUTS)
def test_an_output_that_does_not_fit_is_refused(mistake):
    out, error, message = WRONG_OUTPUTS[mistake]
    with pytest.raises(error, match=re.escape(message)):
        assemble(MAPS, 5, out=out)


def test_an_output_inside_the_maps_or_read_only_is_refused():
    memory = np.zeros((4, 3, 3), np.float32)
    with pytest.raises(ValueError, match="shares memory"):
        assemble(memory[:1], 1, out=memory[0].reshape(3, 3, 1, 1))
    shared = torch.from_numpy(memory)
    with pytest.raises(ValueError, match="shares memory"):
        assemble(shared[:1], 1, out=shared[0].view(3, 3, 1, 1))
    out = np.broadcast_to(np.float32(0), (6, 7, 5, 5))
    with pytest.raises(ValueError, match="read-only"):
        assemble(MAPS, 5, out=out)


def test_an_output_that_would_lose_a_gradient_is_refused():
    maps = torch.from_numpy(MAPS).requires_grad_()
    with pytest.raises(ValueError, match="has no gradient"):
        assemble(maps, 5, out=torch.empty(6, 7, 5, 5))


# numba


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_copying_numbers_copies_those_and_no_others(at, start, count):
    to, source = np.zeros(10, np.int16), np.arange(1, 11, dtype=np.int16)
    if max(at, start) + count > 10:
        with pytest.raises(IndexError, match=f"{count} numbers from"):
            copy_numbers(to, at, source, start, count)
    else:
        copy_numbers(to, at, source, start, count)
        assert to[at : at + count].tolist() == source[start : start + count].tolist()
        assert np.count_nonzero(to) == count


CACHED = """
import sys
import numpy as np
from ifcn_lab.assembling import assemble, numba_
assemble(np.zeros((9, 4, 4), np.float32), 5, backend="numba")
kernel = numba_.windows_kernel(3, 5, False)
print(sum(kernel.stats.cache_hits.values()), sum(kernel.stats.cache_misses.values()))
print("scipy.linalg" in sys.modules)
"""


def test_the_next_process_loads_a_kernel_and_nothing_that_compiles(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", CACHED]
    seen = [
        subprocess.run(command, env=environment, capture_output=True, text=True).stdout
        for _ in range(2)
    ]
    assert seen == ["0 1\nTrue\n", "1 0\nFalse\n"]


HOMELESS = """
import numpy as np
from ifcn_lab.assembling import assemble, numba_
from ifcn_lab.cli import doctor
maps = np.arange(9 * 16, dtype=np.float32).reshape(9, 4, 4)
for layout in "window", "plane":
    windows = assemble(maps, 5, backend="numba", layout=layout)
    print(np.array_equal(windows, assemble(maps, 5, layout=layout)))
print(numba_.__file__)
print(doctor._kernels())
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has other folders for caches")
def test_without_a_place_for_kernels_they_are_compiled_and_the_doctor_says_so(tmp_path):
    leave = shutil.ignore_patterns("__pycache__", "_data")
    shutil.copytree(ROOT / "ifcn_lab", tmp_path / "ifcn_lab", ignore=leave)
    package = tmp_path / "ifcn_lab" / "assembling"
    (package / "__pycache__").touch()  # a file: not even root can write into it
    nowhere = os.path.join(os.devnull, "none")
    homeless = {"HOME": nowhere, "XDG_CACHE_HOME": nowhere, "NUMBA_CACHE_DIR": "",
                "PYTHONPATH": str(tmp_path)}
    run = subprocess.run([sys.executable, "-B", "-c", HOMELESS], cwd=tmp_path,
                         env=os.environ | homeless, capture_output=True, text=True)
    *right, file, said = run.stdout.splitlines()
    assert right == ["True", "True"], run.stderr
    assert Path(file).parent == package
    assert said.startswith("[ -- ] numba") and "NUMBA_CACHE_DIR" in said


def test_the_doctor_finds_a_place_for_kernels_here():
    assert doctor._kernels().mark == "OK"


def test_kernels_of_two_sizes_are_not_mistaken_for_each_other():
    for k, m in [(2, 5), (2, 6), (3, 5), (3, 6)]:
        expected = assemble(some_maps(k), m, backend="loop")
        assert np.array_equal(assemble(some_maps(k), m, backend="numba"), expected)


# Which one


def test_auto_goes_by_kind_and_size():
    small, large = np.zeros((25, 8, 8), np.float32), np.zeros((25, 300, 300), np.int8)
    assert best(small, None, 21) == "numpy"
    assert best(torch.from_numpy(small), None, 21) == "torch"
    _copied.clear()
    assert best(large, np.zeros((NUMBA_FROM // 441, 3), int), 21) == "numpy"
    assert best(large, None, 21) == "numba"
    assert best(torch.from_numpy(large), None, 21) == "numba"
    assert best(torch.zeros(25, 300, 300, requires_grad=True), None, 21) == "torch"
    assert best(torch.zeros(25, 9, 9, device="meta"), None, 21) == "torch"


def test_auto_goes_to_numba_once_calls_together_are_large():
    _copied.clear()
    maps = np.zeros((25, 75, 100), np.int8)  # 3.3 million scores a call
    assert [best(maps, None, 21) for _ in range(8)] == ["numpy"] * 6 + ["numba"] * 2


FORKED = """import os, sys
import numpy as np
from ifcn_lab import assemble
maps = np.zeros((25, 75, 100), np.int8)
for _ in range(8):
    assemble(maps, 21)
assert "numba" in sys.modules
child = os.fork()
if not child:
    assert not assemble(maps, 21).any()
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_process_forked_from_one_that_used_numba_lives():
    subprocess.run([sys.executable, "-c", FORKED], check=True)


def test_a_large_result_is_the_same_by_numba_and_by_numpy():
    maps = np.random.default_rng(0).integers(0, 99, (25, 220, 210)).astype(np.int8)
    assert best(maps, None, 21) == "numba"
    expected = assemble(maps, 21, backend="numpy")
    assert np.array_equal(assemble(maps, 21), expected)
