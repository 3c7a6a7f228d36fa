"""Assembling: what it is, that all back ends agree on it, and what is refused."""

import re
import subprocess
import sys

import jaxtyping
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ifcn_lab.assembling import assemble, backends

FAST = ("numpy", "numba", "torch")
KERNELS = ("cuda", "cuda-reference")
ALL = ("loop", *FAST, *KERNELS)
DTYPES = "? u1 i1 u2 i2 u4 i4 u8 i8 f2 f4 f8 >f4 >i2".split()


def same_bits(one, other):
    return (one.shape, one.dtype, one.tobytes()) == (
        other.shape,
        other.dtype,
        other.tobytes(),
    )


def random_bits(rng, shape, dtype):
    """Numbers of every kind: infinities, denormals, NaNs with all their payloads."""
    if dtype == "?":
        return rng.random(shape) < 0.5
    count = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return np.frombuffer(rng.bytes(count), dtype).reshape(shape)  # read-only


LAYOUTS = {
    "contiguous": np.copy,
    "read-only": lambda maps: maps,
    "rows and columns swapped in memory": lambda maps: np.asfortranarray(maps),
    "upside down": lambda maps: maps[..., ::-1, :],
    "every other column": lambda maps: np.repeat(maps, 2, axis=-1)[..., ::2],
    "one row repeated": lambda maps: np.broadcast_to(maps[..., :1, :], maps.shape),
}


LAYOUTS_OF = ("window", "plane")


@st.composite
def problems(draw, side=8, windows=6, batches=((), (1,), (3,)), layouts=LAYOUTS_OF):
    """Score maps, one image's or a batch, of any dtype and order in memory, a window
    side, centers or none, a fill and a layout.
    """
    k = draw(st.integers(1, 3))
    m = draw(st.integers(k, side))
    height, width = draw(st.integers(1, side)), draw(st.integers(1, side))
    dtype = draw(st.sampled_from(DTYPES))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    batch = draw(st.sampled_from(batches))
    maps = random_bits(rng, (*batch, k * k, height, width), dtype)
    maps = LAYOUTS[draw(st.sampled_from(sorted(LAYOUTS)))](maps)
    place = st.tuples(*(st.integers(0, side - 1) for side in (*batch, height, width)))
    chosen = st.lists(place, max_size=windows).map(
        lambda rows: np.array(rows, np.int64).reshape(-1, 2 + len(batch))
    )
    fills = [0, 1] if dtype == "?" else [0, 1, 100]
    fills += [np.nan, -np.inf, 0.1] if np.dtype(dtype).kind == "f" else []
    return (
        (maps, m),
        {
            "centers": draw(chosen | st.none()),
            "fill": draw(st.sampled_from(fills)),
            "layout": draw(st.sampled_from(layouts)),
        },
    )


def one_image(**options):
    return problems(batches=((),), layouts=("window",), **options)


# What it is


@pytest.mark.parametrize("backend", ALL)
@pytest.mark.parametrize(("k", "m"), [(2, 5), (3, 6)])
def test_each_score_comes_from_its_own_map_at_its_own_place(backend, k, m):
    channel, row, column = np.indices((k * k, 9, 9))
    maps = channel * 10_000 + row * 100 + column  # every score tells where it stood
    y, x = 4, 5
    window = assemble(maps, m, centers=[(y, x)], backend=backend)[0]
    for i in range(m):
        for j in range(m):
            expected = (i * k // m) * k + j * k // m, y - m // 2 + i, x - m // 2 + j
            score = int(window[i, j])
            assert (score // 10_000, score // 100 % 100, score % 100) == expected


@pytest.mark.parametrize("backend", ALL)
def test_one_map_is_an_ordinary_crop_with_fill(backend):
    maps = np.arange(1, 13).reshape(1, 3, 4)
    window = assemble(maps, 3, centers=[(0, 3)], backend=backend, fill=-1)
    assert window.tolist() == [[[-1, -1, -1], [3, 4, -1], [7, 8, -1]]]


@given(one_image())
def test_one_map_is_an_ordinary_crop_of_the_padded_map_at_every_position(problem):
    (maps, m), options = problem
    maps, fill = maps[:1], options["fill"]
    padded = np.pad(maps[0], m, constant_values=np.array(fill, maps.dtype))
    windows = assemble(maps, m, fill=fill)
    for y, x in np.ndindex(maps.shape[-2:]):
        top, left = y + m - m // 2, x + m - m // 2
        crop = padded[top : top + m, left : left + m]
        assert same_bits(windows[y, x], np.ascontiguousarray(crop))


@given(one_image(), st.integers(-3, 3), st.integers(-3, 3))
def test_assembling_commutes_with_translation_by_whole_cells(problem, down, right):
    (maps, m), _ = problem
    room = ((0, 0), (m + 3, m + 3), (m + 3, m + 3))  # nothing is pushed off the map
    maps = np.pad(maps, room)
    moved = np.roll(maps, (down, right), axis=(1, 2))
    centers = np.argwhere(np.ones((maps.shape[1] - 6, maps.shape[2] - 6))) + 3
    here = assemble(maps, m, centers=centers)
    there = assemble(moved, m, centers=centers + (down, right))
    assert same_bits(here, there)


@given(one_image())
def test_chosen_centers_are_what_the_dense_result_holds_there(problem):
    (maps, m), options = problem
    centers = options["centers"]
    if centers is None:
        centers = np.argwhere(np.ones(maps.shape[1:]))
    dense = assemble(maps, m, fill=options["fill"])
    chosen = assemble(maps, m, centers=centers, fill=options["fill"])
    assert dense.shape == (*maps.shape[1:], m, m)
    assert same_bits(chosen, dense[tuple(centers.T)])


# All agree


@pytest.mark.parametrize("backend", FAST)
@settings(max_examples=150)
@given(problem=problems())
def test_a_fast_back_end_agrees_with_the_loop_bit_for_bit(backend, problem):
    (maps, m), options = problem
    before = maps.tobytes()
    expected = assemble(maps, m, backend="loop", **options)
    assert same_bits(assemble(maps, m, backend=backend, **options), expected)
    assert expected.dtype == maps.dtype
    assert maps.tobytes() == before


@settings(max_examples=25)
@given(problem=problems(side=4, windows=3))
def test_the_kernels_agree_with_the_loop_bit_for_bit(problem):
    (maps, m), options = problem
    expected = assemble(maps, m, backend="loop", **options)
    for backend in KERNELS:
        assert same_bits(assemble(maps, m, backend=backend, **options), expected)


@pytest.mark.parametrize("backend", ALL)
def test_a_single_row_upside_down_is_taken(backend):
    maps = np.arange(4.0).reshape(4, 1, 1)[:, ::-1]  # in order, with a negative stride
    windows = assemble(maps, 2, backend=backend)
    assert same_bits(windows, assemble(maps.copy(), 2, backend="loop"))


def test_all_agree_on_the_papers_window():
    maps = np.random.default_rng(0).normal(size=(25, 30, 26)).astype(np.float32)
    options = {"centers": [(0, 0), (17, 12), (29, 25)], "fill": 0.5}
    expected = assemble(maps, 21, backend="loop", **options)
    for backend in ("auto", *ALL):
        assert same_bits(assemble(maps, 21, backend=backend, **options), expected)


@pytest.mark.parametrize("backend", ("auto", *ALL))
@pytest.mark.parametrize(
    ("dtype", "fill"), [("f8", 0.1), ("f4", 0.1), ("i8", 2**63 - 1), ("u8", 2**64 - 1)]
)
def test_fills_that_need_all_bits_arrive_whole(backend, dtype, fill):
    maps = np.zeros((1, 1, 1), dtype)
    windows = assemble(maps, 2, backend=backend, fill=fill)
    assert windows[0, 0, 0, 0] == np.array(fill, dtype)
    tensor = assemble(torch.from_numpy(maps), 2, backend=backend, fill=fill)
    assert same_bits(tensor.numpy(), windows)


def test_nan_is_copied_like_any_other_score():
    maps = np.zeros((4, 5, 5), np.float32)
    maps[3] = np.nan
    window = assemble(maps, 4, centers=[(2, 2)])[0]
    assert np.isnan(window[2:, 2:]).all()
    assert np.isnan(window).sum() == 4


@pytest.mark.parametrize("backend", ALL)
def test_no_centers_give_no_windows(backend):
    none = assemble(
        np.ones((4, 3, 3)), 2, centers=np.empty((0, 2), int), backend=backend
    )
    assert none.shape == (0, 2, 2)


@pytest.mark.parametrize("backend", ALL)
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
@pytest.mark.parametrize("m", [2, 5])
def test_a_map_without_positions_gives_no_windows(backend, shape, m):
    maps = np.ones((4, *shape), np.float32)
    assert assemble(maps, m, backend=backend).shape == (*shape, m, m)
    tensor = assemble(torch.from_numpy(maps), m, backend=backend)
    assert tuple(tensor.shape) == (*shape, m, m)


@pytest.mark.parametrize("dtype", ["u1", "i2", "u8"])
def test_centers_of_any_integer_type_and_from_lists_or_tensors_are_taken(dtype):
    maps = np.arange(16.0).reshape(1, 4, 4)
    expected = assemble(maps, 3, centers=[(1, 2), (3, 3)])
    array = np.array([(1, 2), (3, 3)], dtype)
    tensor = torch.tensor([(1, 2), (3, 3)])
    assert same_bits(assemble(maps, 3, centers=array), expected)
    assert same_bits(assemble(maps, 3, centers=tensor), expected)


# What is refused


@pytest.fixture
def without_type_checks(monkeypatch):
    """As outside the tests: the library's own words meet the wrong argument."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


MAPS = np.zeros((4, 6, 8), np.float32)
MISTAKES = {
    "m smaller than k": ((MAPS, 1), {}, ValueError, "m is 1 and k is 2"),
    "m no whole number": ((MAPS, 3.0), {}, TypeError, "m is 3.0 (float)"),
    "8 channels": ((MAPS.repeat(2, 0), 3), {}, ValueError, "has 8 channels"),
    "no channels": ((MAPS[:0], 3), {}, ValueError, "has 0 channels"),
    "two axes": ((MAPS[0], 3), {}, ValueError, "has shape (6, 8); expected three"),
    "five axes": ((MAPS[None, None], 3), {}, ValueError, "or four for a batch"),
    "no such layout": ((MAPS, 3), {"layout": "row"}, ValueError, "layout is 'row'"),
    "padded and no view": ((MAPS, 3), {"padded": True}, ValueError, "backend='view'"),
    "a list": ((MAPS.tolist(), 3), {}, TypeError, "score_maps is a list"),
    "complex maps": ((MAPS * 1j, 3), {}, TypeError, "dtype complex64; expected"),
    "maps of text": ((MAPS.astype("U"), 3), {}, TypeError, "score_maps has dtype <U32"),
    "complex tensor": (
        (torch.from_numpy(MAPS * 1j), 3),
        {},
        TypeError,
        "dtype torch.complex64; expected",
    ),
}
WRONG_CENTERS = {
    "floats": ([(1.0, 2.0)], TypeError, "centers has dtype float64; expected integers"),
    "booleans": (np.ones((1, 2), bool), TypeError, "centers has dtype bool"),
    "one pair": ((1, 2), ValueError, "centers has shape (2,); expected (N, 2)"),
    "triples": ([(1, 2, 3)], ValueError, "centers has shape (1, 3)"),
    "empty list": ([], ValueError, "give np.empty((0, 2), int)"),
    "below": ([(0, 0), (6, 2)], ValueError, "centers[1] is (y, x) = (6, 2), outside"),
    "to the right": ([(2, 8)], ValueError, "expected 0 <= y < 6 and 0 <= x < 8"),
    "negative": ([(-1, 0)], ValueError, "centers[0] is (y, x) = (-1, 0)"),
    "huge": (np.array([(2**64 - 1, 0)], "u8"), ValueError, "outside the map"),
    "tensor of floats": (torch.ones(1, 2), TypeError, "centers has dtype float32"),
}
WRONG_FILLS = {
    "NaN in integers": ("i4", np.nan, ValueError, "fill is nan, which int32 cannot"),
    "infinity in integers": ("i8", np.inf, ValueError, "fill is inf"),
    "half": ("u1", 0.5, ValueError, "whole numbers from 0 to 255"),
    "too large": ("u1", 256, ValueError, "fill is 256, which uint8 cannot hold"),
    "negative": ("u2", -1, ValueError, "fill is -1"),
    "two in booleans": ("?", 2, ValueError, "whole numbers from 0 to 1"),
    "too large for float32": ("f4", 1e39, ValueError, "which float32 cannot hold"),
    "too large for a float": ("f8", 10**400, ValueError, "which float64 cannot hold"),
    "text": ("f4", "0", TypeError, "fill is '0' (str); give a number"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_maps_or_window_is_explained(without_type_checks, mistake):
    arguments, options, error, message = MISTAKES[mistake]
    with pytest.raises(error, match=re.escape(message)):
        assemble(*arguments, **options)


@pytest.mark.parametrize("mistake", WRONG_CENTERS)
def test_a_mistake_in_centers_is_explained(without_type_checks, mistake):
    centers, error, message = WRONG_CENTERS[mistake]
    with pytest.raises(error, match=re.escape(message)):
        assemble(MAPS, 3, centers=centers)


@pytest.mark.parametrize("mistake", WRONG_FILLS)
def test_a_fill_that_does_not_fit_is_explained(without_type_checks, mistake):
    dtype, fill, error, message = WRONG_FILLS[mistake]
    maps = np.zeros((4, 6, 8), dtype)
    with pytest.raises(error, match=re.escape(message)):
        assemble(maps, 3, fill=fill)
    with pytest.raises(error):
        assemble(torch.from_numpy(maps), 3, fill=fill)


def test_an_unknown_back_end_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="'auto' or one of 'loop', 'numpy', 'view'"):
        assemble(MAPS, 3, backend="jax")


def test_all_back_ends_can_be_used_where_their_libraries_are():
    assert backends() == dict.fromkeys((*ALL, "view"))


def test_a_back_end_without_its_library_says_what_is_missing(monkeypatch):
    for name in ("cuda", "device", "numba_", "memory", "kernel_cache"):
        monkeypatch.delitem(sys.modules, f"ifcn_lab.assembling.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "numba", None)  # importing it fails from here on
    assert "numba" in backends()["cuda"]
    with pytest.raises(ValueError, match="'cuda' cannot be used: .*numba"):
        assemble(MAPS, 3, backend="cuda")
    assert assemble(MAPS, 3).shape == (6, 8, 3, 3)


def test_arrays_are_assembled_without_loading_torch_or_numba():
    code = (
        "import sys, numpy as np; from ifcn_lab.assembling import assemble;"
        "maps = np.ones((4, 3, 3));"
        "assemble(maps, 2); assemble(maps, 2, backend='loop');"
        "print({'torch', 'numba'} & set(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "set()"
