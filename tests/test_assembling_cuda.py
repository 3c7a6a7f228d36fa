"""The kernels, on a GPU or the simulator, numba's own or NVIDIA's."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from numba import cuda, types
from numba.core import config

from ifcn_lab.assembling import assemble
from ifcn_lab.assembling import cuda as fast
from ifcn_lab.assembling.arrays import Call
from ifcn_lab.assembling.cuda_reference import THREADS, blocks_for, copy_one_score
from ifcn_lab.assembling.device import device_name, launch
from ifcn_lab.grid import Grid

on_the_simulator = pytest.mark.skipif(
    device_name() != "simulator", reason="a GPU does not notice what is tested here"
)
MAPS = np.arange(9 * 25, dtype=np.float32).reshape(9, 5, 5)
CENTERS = np.array([(0, 0), (2, 3)])
PLACES = np.array([(0, 0, 0), (0, 2, 3)])


def assembled_by(kernel, blocks, fill=-1.0, m=4):
    windows = np.zeros((2, m, m), np.float32)
    channel = Grid(3, m).channel
    fill = np.float32(fill)
    return launch(kernel, blocks, THREADS, MAPS[None], channel, PLACES, fill, windows)


def test_every_element_has_a_thread_of_its_own():
    blocks = blocks_for((5, 21, 21))
    threads = [b * t for b, t in zip(blocks, THREADS, strict=True)]
    assert blocks == (5, 3, 3)
    assert threads == [5, 24, 24]  # windows, columns, rows


def test_the_kernel_taken_by_itself_assembles():
    expected = assemble(MAPS, 4, centers=CENTERS, backend="loop", fill=-1.0)
    assert np.array_equal(assembled_by(copy_one_score, (2, 1, 1)), expected)


def test_more_blocks_than_needed_change_nothing():
    expected = assemble(MAPS, 4, centers=CENTERS, backend="loop", fill=-1.0)
    assert np.array_equal(assembled_by(copy_one_score, (3, 2, 2)), expected)


def test_too_few_blocks_leave_windows_unwritten():
    windows = assembled_by(copy_one_score, (1, 1, 1))
    assert (windows[0] != 0).all()
    assert (windows[1] == 0).all()


def test_launch_leaves_the_callers_arrays_alone():
    def increase(a, out):
        i = cuda.grid(1)
        if i < out.size:
            a[i] = 7
            out[i] = a[i] + 1

    a, out = np.zeros(3, np.int64), np.zeros(3, np.int64)
    assert launch(increase, (1,), (4,), a, out).tolist() == [8, 8, 8]
    assert a.tolist() == out.tolist() == [0, 0, 0]


@on_the_simulator
def test_a_thread_outside_the_array_is_named_and_the_next_launch_works():
    def forgets_the_guard(a, out):
        i = cuda.grid(1)
        out[i] = a[i]

    five = np.arange(5)
    with pytest.raises(IndexError, match=r"tid=\[[567], 0, 0\] ctaid=\[0, 0, 0\]"):
        launch(forgets_the_guard, (1,), (8,), five, np.zeros(5, int))
    copied = launch(forgets_the_guard, (1,), (5,), five, np.zeros(5, int))
    assert copied.tolist() == five.tolist()


@pytest.mark.parametrize("arguments", [(), (np.zeros(3), 1.0)])
def test_launch_asks_for_the_array_to_write(arguments):
    with pytest.raises(TypeError, match="last argument must be the array"):
        launch(copy_one_score, (1,), (1,), *arguments)


def test_two_threads_of_the_caller_can_assemble_at_the_same_time():
    fills = [float(n) for n in range(6)]
    with ThreadPoolExecutor(3) as pool:
        found = list(
            pool.map(lambda f: assembled_by(copy_one_score, (2, 1, 1), f), fills)
        )
    for fill, windows in zip(fills, found, strict=True):
        expected = assemble(MAPS, 4, centers=CENTERS, backend="loop", fill=fill)
        assert np.array_equal(windows, expected)


ARGUMENTS = {  # of each kernel: axes of maps, of the windows or planes, of the places
    fast.copy_windows: (4, 2, 2),
    fast.copy_planes: (4, 4, None),
}


def compiled(kernel, arguments):
    from numba.cuda.compiler import compile_cuda

    result = compile_cuda(kernel, types.void, arguments, cc=(7, 5))
    return result.library.get_llvm_str()


@pytest.mark.skipif(config.ENABLE_CUDASIM, reason="the simulator compiles nothing")
@pytest.mark.parametrize("dtype", [types.int8, types.int64, types.float32])
def test_the_reference_kernel_compiles_for_a_gpu_even_where_there_is_none(dtype):
    maps, windows = types.Array(dtype, 4, "C"), types.Array(dtype, 3, "C")
    table = types.Array(types.int64, 2, "C")
    code = compiled(copy_one_score, (maps, table, table, dtype, windows))
    assert "define" in code


@pytest.mark.skipif(config.ENABLE_CUDASIM, reason="the simulator compiles nothing")
@pytest.mark.parametrize("dtype", [types.int8, types.int64])
@pytest.mark.parametrize("kernel", ARGUMENTS, ids=lambda kernel: kernel.__name__)
def test_the_fast_kernels_compile_for_a_gpu_even_where_there_is_none(kernel, dtype):
    maps, result, places = ARGUMENTS[kernel]
    column = types.Array(types.int32, 1, "C")
    arguments = [types.Array(dtype, maps, "C"), column, column, column, dtype,
                 types.Array(dtype, result, "C")]
    if places:
        arguments += [types.boolean, types.Array(types.int64, places, "C")]
    assert "define" in compiled(kernel, tuple(arguments))


@on_the_simulator
@pytest.mark.parametrize("layout", ["window", "plane"])
@pytest.mark.parametrize("centers", [None, CENTERS])
def test_a_tensor_is_read_and_written_in_its_own_memory(layout, centers):
    """What is done on a GPU, here with tensors in the simulator's memory."""
    options = {"centers": centers, "layout": layout, "fill": -1}
    expected = assemble(MAPS.astype(np.int32), 4, backend="loop", **options)
    places = None if centers is None else PLACES
    call = Call(Grid(3, 4), places, -1, layout, expected.shape)
    for maps, out in (
        (MAPS, np.zeros_like(expected)),
        (MAPS[:, ::-1].copy()[:, ::-1], np.zeros_like(expected.T).T),  # out of order
    ):
        tensor = torch.from_numpy(maps.astype(np.int32))
        fast.assemble_on_device(tensor, call, torch.from_numpy(out))
        assert np.array_equal(out, expected)


def test_many_centers_lie_on_the_one_axis_of_a_launch_that_is_long_enough():
    blocks = blocks_for((100_000, 21, 21))
    limits = 2**31 - 1, 65_535, 65_535  # of every GPU that CUDA still supports
    assert all(b <= limit for b, limit in zip(blocks, limits, strict=True))


IN_ANY_WAY = """
import os, sys, numba, numpy as np
if sys.argv[1] == "Built-in":
    sys.meta_path = [f for f in sys.meta_path if "NumbaCuda" not in type(f).__name__]
before = dict(os.environ)
from numba import cuda
from ifcn_lab.assembling import assemble, device
maps = np.arange(200.0).reshape(2, 4, 5, 5)
for backend in "cuda", "cuda-reference":
    for centers in None, [(1, 1, 2), (0, 0, 0)]:
        for layout in "window", "plane":
            options = {"centers": centers, "layout": layout}
            ours = assemble(maps, 4, backend=backend, **options)
            print((ours == assemble(maps, 4, backend="loop", **options)).all(), end=" ")
print(dict(os.environ) == before, cuda.implementation, device.device_name())
numba.config.ENABLE_CUDASIM = True  # as lesson 3 does
def who(out):
    out[cuda.grid(1)] = 10 * cuda.blockIdx.x + cuda.threadIdx.x
print(device.device_name(), device.launch(who, (2,), (2,), np.zeros(4, int)))
"""


@pytest.mark.parametrize("variable", [None, "0", "1"])
@pytest.mark.parametrize("whose", ["Built-in", "NVIDIA"])
def test_it_runs_on_either_cuda_target_and_the_environment_stays(whose, variable):
    if whose == "NVIDIA" and find_spec("numba_cuda") is None:
        pytest.skip("numba-cuda is not installed")
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_ENABLE_CUDASIM"}
    if variable is not None:
        environment["NUMBA_ENABLE_CUDASIM"] = variable
    run = subprocess.run([sys.executable, "-c", IN_ANY_WAY, whose], env=environment,
                         capture_output=True, text=True)
    name = "simulator" if variable == "1" else device_name()
    expected = [f"{'True ' * 8}True {whose} {name}", "simulator [ 0  1 10 11]"]
    assert run.stdout.splitlines() == expected, run.stderr
    assert run.stderr == ""
