"""Assembling tensors: the kind, dtype and device stay, and gradients flow."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ifcn_lab.assembling import assemble

ALL = ("loop", "numpy", "numba", "torch", "cuda", "cuda-reference")
DTYPES = (
    "bool uint8 int8 int16 int32 int64 uint16 uint32 uint64 "
    "float16 bfloat16 float32 float64"
).split()


def bits(tensor):
    integers = getattr(torch, f"int{8 * tensor.itemsize}")
    return tensor.detach().contiguous().view(integers)


def copies_made(shape, m, centers):
    """How often each score is copied, counted with the definition's own loops."""
    kk, H, W = shape
    k = round(kk**0.5)
    count = np.zeros(shape)
    for y, x in centers:
        for i, j in np.ndindex(m, m):
            row, column = y - m // 2 + i, x - m // 2 + j
            if 0 <= row < H and 0 <= column < W:
                count[(i * k // m) * k + j * k // m, row, column] += 1
    return count


@pytest.mark.parametrize("backend", ("auto", *ALL))
@pytest.mark.parametrize("name", DTYPES)
def test_a_tensor_gives_a_tensor_of_the_same_dtype_and_bits(backend, name):
    dtype = getattr(torch, name)
    numbers = torch.from_numpy(np.random.default_rng(0).integers(0, 2, (4, 4, 5)))
    maps = numbers.to(dtype)
    windows = assemble(maps, 3, centers=[(0, 0), (2, 3)], backend=backend, fill=1)
    expected = assemble(numbers.numpy(), 3, centers=[(0, 0), (2, 3)], fill=1)
    assert windows.dtype == dtype
    assert torch.equal(windows.to(torch.int64), torch.from_numpy(expected))


@given(st.integers(0, 2**32 - 1), st.sampled_from([torch.float32, torch.float64]))
def test_nan_payloads_and_gradients_mode_change_no_bit(seed, dtype):
    size = dtype.itemsize
    raw = np.random.default_rng(seed).bytes(9 * 6 * 6 * size)
    maps = torch.frombuffer(bytearray(raw), dtype=dtype).view(9, 6, 6)
    expected = assemble(maps, 4, backend="loop", fill=float("nan"))
    recorded = maps.clone().requires_grad_()
    assert torch.equal(bits(assemble(maps, 4, fill=float("nan"))), bits(expected))
    assert torch.equal(bits(assemble(recorded, 4, fill=float("nan"))), bits(expected))


@pytest.mark.parametrize("backend", ALL)
def test_tensors_in_any_order_in_memory_are_taken(backend):
    maps = torch.arange(100.0).view(5, 5, 4).permute(2, 0, 1)  # not contiguous
    windows = assemble(maps, 3, centers=[(1, 2)], backend=backend)
    expected = assemble(maps.contiguous(), 3, centers=[(1, 2)], backend="loop")
    assert not maps.is_contiguous()
    assert torch.equal(windows, expected)


@given(st.data(), st.integers(1, 3), st.integers(0, 4))
def test_the_gradient_of_the_sum_is_the_number_of_copies(data, k, more):
    m, shape = k + more, (k * k, 5, 6)
    y_x = st.tuples(st.integers(0, 4), st.integers(0, 5))
    centers = data.draw(st.lists(y_x, min_size=1, max_size=12))
    maps = torch.zeros(shape, requires_grad=True)
    assemble(maps, m, centers=centers, fill=7.0).sum().backward()
    assert np.array_equal(maps.grad.numpy(), copies_made(shape, m, centers))


def test_the_gradient_of_the_dense_result_counts_every_window():
    maps = torch.zeros(4, 4, 5, requires_grad=True)
    assemble(maps, 3).sum().backward()
    every = [(y, x) for y in range(4) for x in range(5)]
    assert np.array_equal(maps.grad.numpy(), copies_made((4, 4, 5), 3, every))


@pytest.mark.parametrize("centers", [None, [(0, 0), (2, 3), (2, 3)]])
def test_first_and_second_gradients_agree_with_finite_differences(centers):
    torch.manual_seed(0)
    maps = torch.randn(4, 4, 5, dtype=torch.float64, requires_grad=True)

    def squares(maps):
        return assemble(maps, 3, centers=centers, fill=0.5) ** 2

    assert torch.autograd.gradcheck(squares, maps)
    assert torch.autograd.gradgradcheck(squares, maps)


def test_gradients_flow_where_there_is_no_window_to_flow_through():
    maps = torch.ones(4, 3, 3, requires_grad=True)
    assemble(maps, 2, centers=np.empty((0, 2), int)).sum().backward()
    assert torch.equal(maps.grad, torch.zeros(4, 3, 3))


@pytest.mark.parametrize("backend", ["loop", "numpy", "numba", "cuda"])
def test_a_back_end_without_gradient_refuses_a_tensor_that_wants_one(backend):
    maps = torch.ones(4, 3, 3, requires_grad=True)
    with pytest.raises(
        ValueError, match=f"'{backend}' has no gradient.*backend='torch'"
    ):
        assemble(maps, 2, backend=backend, centers=[(1, 1)])
    with torch.no_grad():  # no gradient is asked for here
        windows = assemble(maps, 2, backend=backend, centers=[(1, 1)])
    assert torch.equal(windows, torch.ones(1, 2, 2))


def test_the_result_is_no_view_of_the_score_maps():
    maps = torch.zeros(1, 3, 3)
    windows = assemble(maps, 1)
    windows += 1
    assert maps.sum() == 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@pytest.mark.parametrize("backend", ALL)
def test_a_tensor_on_a_gpu_stays_there(backend):
    maps = torch.randn(4, 5, 5, device="cuda")
    windows = assemble(maps, 3, centers=[(1, 2)], backend=backend)
    assert windows.device == maps.device
    expected = assemble(maps.cpu(), 3, centers=[(1, 2)], backend="loop")
    assert torch.equal(windows.cpu(), expected)


class Elsewhere(torch.Tensor):
    """A tensor that says it lies on a device, no processor and no CUDA GPU."""

    device = property(lambda self: torch.device("mps"))

    def cpu(self):
        return self.detach().clone().as_subclass(torch.Tensor)


def test_the_result_is_brought_back_to_any_device():
    maps, out = torch.randn(4, 5, 5), torch.zeros(1, 3, 3)
    there, into = maps.as_subclass(Elsewhere), out.as_subclass(Elsewhere)
    assemble(there, 3, centers=[(1, 2)], backend="numpy", out=into)
    assert torch.equal(out, assemble(maps, 3, centers=[(1, 2)], backend="loop"))


def test_a_batch_is_its_images_one_after_the_other():
    maps = torch.randn(3, 9, 5, 6)
    centers = torch.tensor([(2, 4, 5), (0, 0, 0), (2, 1, 1)])
    dense = assemble(maps, 4, fill=0.5)
    chosen = assemble(maps, 4, centers=centers, fill=0.5)
    for b in range(3):
        assert torch.equal(dense[b], assemble(maps[b], 4, fill=0.5))
    for window, (b, y, x) in zip(chosen, centers.tolist(), strict=True):
        assert torch.equal(window, dense[b, y, x])


@pytest.mark.parametrize("layout", ["window", "plane"])
@pytest.mark.parametrize("centers", [None, [(0, 0, 0), (1, 2, 3), (1, 2, 3)]])
def test_gradients_of_a_batch_agree_with_finite_differences(centers, layout):
    torch.manual_seed(0)
    maps = torch.randn(2, 4, 4, 5, dtype=torch.float64, requires_grad=True)

    def squares(maps):
        return assemble(maps, 3, centers=centers, fill=0.5, layout=layout) ** 2

    assert torch.autograd.gradcheck(squares, maps)


def test_the_first_tensor_does_not_load_the_compiler():
    code = (
        "import sys, torch; from ifcn_lab.assembling import assemble;"
        "maps = torch.ones(4, 3, 3, requires_grad=True);"
        "assemble(maps, 2).sum().backward();"
        "assemble(maps.detach(), 2, centers=[(1, 1)]);"
        "print('torch._dynamo' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout == "False\n", run.stderr
