"""What torch.compile reads in place of `assemble`: one graph, without a break.

It is loaded while torch.compile reads, and then only: to mark a function as constant,
torch loads its whole compiler, which takes longer than to load torch.
"""

from __future__ import annotations

import torch
from jaxtyping import Int, Shaped

from ifcn_lab.assembling.arrays import as_batch
from ifcn_lab.assembling.torch_ import assemble_tensor, offsets
from ifcn_lab.grid import Grid


def assemble_traced(
    score_maps: Shaped[torch.Tensor, "*B kk H W"],
    grid: Grid,
    centers: Int[torch.Tensor, "N axes"] | None,
    fill: int | float,
    layout: str,
    backend: str,
) -> Shaped[torch.Tensor, "..."]:
    """Gather the windows, as `assemble` does without a compiler.

    No value can be looked at, so a center off the map is found when the graph runs.

    Raises:
        ValueError: a back end other than "auto" or "torch".
        RuntimeError: later, when a center is off the map.
    """
    if backend not in ("auto", "torch"):
        raise ValueError(f"torch.compile reads backend 'torch' only, not {backend!r}.")
    maps = as_batch(score_maps)
    if centers is None:
        windows = assemble_tensor(maps, grid, None, fill, layout, constant_offsets)
        return windows if score_maps.ndim == 4 else windows[0]
    limits = score_maps.new_tensor(score_maps.shape, dtype=centers.dtype)
    limits = torch.cat([limits[:-3], limits[-2:]]).to(centers.device)
    on_map = ((centers >= 0) & (centers < limits)).all()
    torch._assert_async(on_map, "a center is off the map")
    if score_maps.ndim == 3:
        centers = torch.nn.functional.pad(centers, (1, 0))  # of image 0
    return assemble_tensor(maps, grid, centers, fill, layout, constant_offsets)


@torch.compiler.assume_constant_result
def constant_offsets(
    k: int, m: int, height: int, width: int
) -> Int[torch.Tensor, "m m"]:
    """A window's offsets, calculated once for a graph.

    >>> constant_offsets(k=1, m=1, height=1, width=1)
    tensor([[0]])
    """
    return offsets(k, m, height, width)
