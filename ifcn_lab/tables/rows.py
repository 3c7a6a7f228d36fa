"""The rows that are run: which network each trains, and on what."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ifcn_lab.tables.paper import PAPER_TABLES

if TYPE_CHECKING:
    from ifcn_lab.models.instancefcn import InstanceFCN
    from ifcn_lab.tables.settings import Setting


class Row(NamedTuple):
    """One row: its key in a table, the network it trains, and how.

    `head` is "maps" (k*k score maps) or "window" (the DeepMask-style head). `view` is
    "crop" or "whole": what is cut from the images to train on. `task` is "propose", or
    "recognise", which also trains the stage-3 classifier on the network's proposals.
    """

    key: str
    head: str
    k: int
    view: str
    task: str = "propose"

    @property
    def network(self) -> str:
        """A name for the trained network; rows of one name share it.

        Example:
            >>> Row("maps-k5", "maps", 5, "crop").network
            'maps-k5-crop'
        """
        return f"{self.head}-k{self.k}-{self.view}"

    @property
    def name(self) -> str:
        """A name for what is measured; rows of one name share the result."""
        return self.network if self.task == "propose" else f"{self.task}-{self.network}"


def rows_of(table: str, view: str) -> tuple[Row, ...]:
    """The rows of a table that are run here.

    Args:
        table: "table1" ... "table5".
        view: what a row trains on where the table does not say: "whole" as the paper,
            or "crop" at small scale.

    Example:
        >>> [row.name for row in rows_of("table2", "crop")]
        ['window-k1-crop', 'maps-k5-crop', 'maps-k5-whole']
    """
    keys = (row.key for row in PAPER_TABLES[table].rows)
    return tuple(row_of(key, view) for key in keys if key)


def row_of(key: str, view: str) -> Row:
    """The row of that key.

    Raises:
        ValueError: there is none.
    """
    known = {f"maps-k{k}": Row(f"maps-k{k}", "maps", k, view) for k in (1, 3, 5, 7)}
    known |= {f"maps-k5-{v}": Row(f"maps-k5-{v}", "maps", 5, v)
              for v in ("crop", "whole")}
    known["window-crop"] = Row("window-crop", "window", 1, "crop")
    known["recognise"] = Row("recognise", "maps", 5, view, "recognise")
    if key not in known:
        raise ValueError(f"no row {key!r}; choose from {', '.join(known)}")
    return known[key]


def build(row: Row, setting: Setting, seed: int) -> InstanceFCN:
    """A fresh network for this row, from this seed.

    The backbone starts from `setting.init`; None leaves it random.
    """
    import torch

    from ifcn_lab.initial import gaussian, initialise
    from ifcn_lab.models.deepmask import DeepMask
    from ifcn_lab.models.instancefcn import InstanceFCN

    torch.manual_seed(seed)
    others = {"backbone": setting.backbone, "sizes": setting.sizes}
    if row.head == "window":
        model = DeepMask(**setting.window_head, **others)
    else:
        model = InstanceFCN(row.k, setting.m, **others)
    std = setting.recipe(row.view, seed).init_std
    if std is not None:
        gaussian(model, std)
    if setting.init is not None:
        initialise(model, setting.init)
    return model
