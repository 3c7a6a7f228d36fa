"""The league's figures that ship with the course: no network is needed to read them."""

from __future__ import annotations

import json
from typing import Any

from ifcn_lab.data import shipped
from ifcn_lab.league.table import Seeds

KEPT = "league/scenes.json"


def record() -> dict[str, Any]:
    """All that `data/league/README.md` tells of.

    Example:
        >>> sorted(record())
        ['claims', 'league', 'machines']
    """
    return json.loads(shipped.path(KEPT).read_text("utf-8"))


def recorded(what: str = "league") -> dict[str, Seeds]:
    """Figures by row, seed by seed, of the league or of the claims' experiments.

    Args:
        what: "league" or "claims".

    Raises:
        ValueError: it is neither.

    Example:
        >>> sorted(recorded()["YOLACT"][0])[:2]
        ['AP50', 'AP75']
    """
    if what not in ("league", "claims"):
        raise ValueError(f"what is recorded is 'league' or 'claims', not {what!r}")
    return record()[what]
