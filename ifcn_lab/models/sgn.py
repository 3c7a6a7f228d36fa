"""After SGN: objects from the ends of runs along rows and along columns.

Sequential Grouping Networks solve one hard question as a row of easier ones: where
along a row (and along a column) does an object begin and end; which runs between such
breakpoints go on in the next line; which of the pieces are one object. The first
question is learnt here as in the source: every place, in both directions, is
background, inside, a start or an end.

The two that follow are rules here and networks there, whose layers are not documented;
therefore this is *after* SGN and not SGN. Runs of neighbouring rows are one piece if
the columns' direction, asked at every place where they meet, says on average that no
object ends between them; a union-find gathers them. Runs of columns vote the same way
across rows' cuts. A piece of fewer than `least` places joins the neighbour that it
touches most.

Source: Liu, Jia, Fidler and Urtasun, ICCV 2017.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ifcn_lab.layers.backbones import convolved
from ifcn_lab.layers.embedding import NOTHING, SILENT, as_pieces, label_places
from ifcn_lab.layers.whole_image import Piece, WholeImageModel
from ifcn_lab.segmenter import Instances, Terms
from ifcn_lab.views import View

BACKGROUND, INSIDE, START, END = range(4)


class Breakpoints(NamedTuple):
    """Logits of the four answers along rows and along columns, `row` and `column`
    (B, 4, H, W), and of background and C kinds, `kind` (B, C + 1, H, W).
    """

    row: Float[Tensor, "B 4 H W"]
    column: Float[Tensor, "B 4 H W"]
    kind: Float[Tensor, "B C1 H W"]


class RunLabels(NamedTuple):
    """The true answer at every place, -1 where nothing is said."""

    row: Int[Tensor, "H W"]
    column: Int[Tensor, "H W"]
    kind: Int[Tensor, "H W"]


class AfterSGN(WholeImageModel):
    """Breakpoints, runs, pieces, objects.

    Args:
        backbone: "vgg16" (stride 8), "small" or "light" (stride 4).
        categories: names by category id; None: object or not, whatever its kind.
        directions: "both", or only "rows" or "columns", to see what each is worth.
        others: see `WholeImageModel`.

    Example:
        >>> net = AfterSGN("small").eval()
        >>> net(torch.zeros(1, 3, 64, 64)).row.shape
        torch.Size([1, 4, 16, 16])
    """

    scored = False

    def __init__(
        self, backbone: str = "light", categories: Mapping[Any, str] | None = None, *,
        directions: str = "both", **others: Any,
    ) -> None:
        super().__init__(backbone, categories, **others)
        if directions not in ("both", "rows", "columns"):
            raise ValueError("directions is 'both', 'rows' or 'columns'; got "
                             f"{directions!r}")
        self.directions = directions
        c = self.channels
        self.look = nn.Sequential(convolved(c, c), convolved(c, c))
        self.row, self.column = nn.Conv2d(c, 4, 1), nn.Conv2d(c, 4, 1)
        self.kind = nn.Conv2d(c, self.kinds + 1, 1)

    def forward(self, images: Float[Tensor, "B 3 h w"]) -> Breakpoints:
        """Breakpoints and kinds of images in [0, 1], at the backbone's stride."""
        seen = self.look(self.backbone(self.normalised(images)))
        return Breakpoints(self.row(seen), self.column(seen), self.kind(seen))

    # What it is taught

    def targets(self, view: View, rng: np.random.Generator) -> RunLabels:
        """Where runs of the true objects begin and end, along rows and columns.

        Raises:
            ValueError: an object has a category that the model does not know.
        """
        places = label_places(view, self.numbers(view), self.stride, rng)
        return RunLabels(run_labels(places.own), run_labels(places.own.T).T,
                         places.kind)

    def losses(self, out: Breakpoints, targets: Sequence[RunLabels]) -> Terms:
        """A softmax for each direction and one for kinds, over all places."""
        terms = {}
        for name, logits in out._asdict().items():
            label = torch.stack([getattr(t, name) for t in targets])
            loss = F.cross_entropy(logits, label, ignore_index=SILENT,
                                   reduction="sum")
            terms[name] = (loss, int((label != SILENT).sum()))
        return terms

    # What it finds

    def detect(
        self, images: Sequence[np.ndarray], *, top: int = 100, least: int = 6,
        precision: str = "float32",
    ) -> list[Instances]:
        """The objects that runs make up, best first.

        Args:
            images: uint8, or float in [0, 1].
            top: how many of an image at most.
            least: pieces of fewer places join a neighbour or are left out.
            precision: "float32", "bfloat16" or "auto".

        Raises:
            ValueError, TypeError: an image that makes no sense, or scores that are NaN.
        """
        return self.detect_by(partial(self.pieces, least=least), images, top, precision)

    def pieces(
        self, out: Breakpoints, shape: tuple[int, int], least: int
    ) -> Iterator[Piece]:
        """Groups of the runs of the foreground."""
        kind = out.kind[0].softmax(0).cpu()                        # (C+1, H, W)
        there = (kind.argmax(0) != NOTHING).numpy()
        right, below = (cuts(logits[0].softmax(0).cpu().numpy())
                        for logits in (out.row, out.column.transpose(2, 3)))
        own = group_runs(there, right, below.T, self.directions)
        own = torch.from_numpy(join_crumbs(own, least))
        groups = (own == number for number in own[own > 0].unique())
        return as_pieces(groups, kind, self.stride, shape)


def run_labels(own: Int[Tensor, "H W"]) -> Int[Tensor, "H W"]:
    """Background, inside, start or end along each row; a run of one is a start.

    Example:
        >>> run_labels(torch.tensor([[0, 1, 1, 1, 2, 2, 0, 3]])).tolist()
        [[0, 2, 1, 3, 2, 3, 0, 2]]
    """
    near = F.pad(own, (1, 1), value=SILENT)
    label = torch.full_like(own, INSIDE)
    label[near[:, 2:] != own] = END
    label[near[:, :-2] != own] = START
    label[own == NOTHING] = BACKGROUND
    label[own == SILENT] = SILENT
    return label


def cuts(answer: Float[np.ndarray, "4 H W"]) -> Float[np.ndarray, "H W1"]:
    """The probability that an object ends between a place and the next of its row.

    It does if the one is an end or the other a start; either net may have missed it.
    """
    end, start = answer[END, :, :-1], answer[START, :, 1:]
    return 1 - (1 - end) * (1 - start)


def group_runs(
    there: Bool[np.ndarray, "H W"], right: Float[np.ndarray, "H W1"],
    below: Float[np.ndarray, "H1 W"], directions: str = "both",
) -> Int[np.ndarray, "H W"]:
    """The number of the piece that each place of the foreground belongs to, from 1.

    Runs of rows are joined down the columns and runs of columns across the rows; with
    both, two places are of one piece only if both groupings say so.

    Example:
        >>> there = np.ones((2, 4), bool)
        >>> right = np.array([[0.1, 0.9, 0.1], [0.1, 0.9, 0.1]])
        >>> group_runs(there, right, np.zeros((1, 4))).tolist()
        [[1, 1, 2, 2], [1, 1, 2, 2]]
    """
    rows = join_runs(there, right, below) if directions != "columns" else there
    columns = join_runs(there.T, below.T, right.T).T if directions != "rows" else there
    pairs = rows.astype(int) * (int(columns.max(initial=0)) + 1) + columns
    numbers = np.unique(np.where(there, pairs, -1), return_inverse=True)[1]
    return numbers.reshape(there.shape) + bool(there.all())


def join_runs(
    there: Bool[np.ndarray, "H W"], right: Float[np.ndarray, "H W1"],
    below: Float[np.ndarray, "H1 W"],
) -> Int[np.ndarray, "H W"]:
    """Runs of rows, joined with a run of the next row where the columns agree.

    Of two runs the mean cut over all places where they meet decides.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    goes_on = there[:, 1:] & there[:, :-1] & (right < 0.5)
    first = there.copy()
    first[:, 1:] &= ~goes_on
    run = np.where(there, np.cumsum(first).reshape(there.shape), 0)
    count = int(run.max(initial=0)) + 1
    meet = there[1:] & there[:-1]
    upper, lower, cut = run[:-1][meet], run[1:][meet], below[meet]
    pair, which = np.unique(upper * count + lower, return_inverse=True)
    mean = np.bincount(which, cut, len(pair)) / np.bincount(which, minlength=len(pair))
    a, b = np.divmod(pair[mean < 0.5], count)
    graph = coo_array((np.ones(len(a)), (a, b)), (count, count))
    piece = connected_components(graph, directed=False)[1] + 1
    return np.where(there, piece[run], 0)


def join_crumbs(own: Int[np.ndarray, "H W"], least: int) -> Int[np.ndarray, "H W"]:
    """Pieces of fewer places than `least` join the neighbour they touch most."""
    own = own.copy()
    for number in np.unique(own[own > 0]):
        piece = own == number                # with the crumbs that have joined it
        if piece.sum() >= least:
            continue
        wide = np.pad(piece, 1)
        border = wide[2:, 1:-1] | wide[:-2, 1:-1] | wide[1:-1, 2:] | wide[1:-1, :-2]
        near = own[border & ~piece & (own > 0)]
        own[piece] = np.bincount(near).argmax() if len(near) else 0
    return own
