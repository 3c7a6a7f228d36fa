"""The claims with their verdicts, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ifcn_lab.league.claims import Claim, together, verdict
from ifcn_lab.league.roi_oracle import OPERATORS, Kept
from ifcn_lab.league.summary import Figures, spread

HEAD = """# What the papers claim, tried at small scale

The rule for all was written before anything ran: with d the mean over seeds of a
difference and s its spread, a claim is shown if d - 2 s to d + 2 s lies in the range
that it names, refuted here if it lies outside, else not shown.
"""


def claims_page(
    claims: Sequence[Claim], found: Mapping[str, Figures],
    oracle: Mapping[tuple[str, int], Kept],
) -> str:
    """Every claim: the paper's figures, the rule, ours, the verdict."""
    parts = [HEAD] + [claim_told(claim, found) for claim in claims]
    return "\n".join([*parts[:1], *([oracle_told(oracle)] if oracle else []),
                      *parts[1:]])


def claim_told(claim: Claim, found: Mapping[str, Figures]) -> str:
    """One claim in a few lines."""
    gaps = [(gap, gap.values(found)) for gap in claim.gaps]
    said = [verdict(values, gap.low, gap.high) for gap, values in gaps]
    lines = [f"## {claim.number}. {claim.text}: {together(said)}", "",
             f"The paper: {claim.paper} (source: {claim.source}).", ""]
    lines += [f"- {gap}: {spread(values)}, {word}"
              for (gap, values), word in zip(gaps, said, strict=True)]
    return "\n".join([*lines, ""])


def oracle_told(oracle: Mapping[tuple[str, int], Kept]) -> str:
    """The RoI operators without training, and whether RoIAlign keeps the most.

    It is shown if RoIAlign's mean IoU is the highest at every stride, and its lead over
    RoIPool grows with the stride; refuted if it is the highest at none.
    """
    strides = sorted({stride for _, stride in oracle})
    best = [max(OPERATORS, key=lambda name: oracle[name, s].iou) for s in strides]
    lead = [oracle["RoIAlign", s].iou - oracle["RoIPool", s].iou for s in strides]
    said = "shown" if set(best) == {"RoIAlign"} and lead == sorted(lead) else \
        "not shown" if "RoIAlign" in best else "refuted here"
    lines = [f"## 0. RoIAlign keeps the most, the more the larger the stride: {said}",
             "", "Mean IoU without training (share above 0.9; with the best constant "
             "shift, in places).", "",
             f"| stride | {' | '.join(OPERATORS)} |", "| --- " * (1 + len(OPERATORS))
             + "|"]
    for stride in strides:
        kept = [oracle[name, stride] for name in OPERATORS]
        cells = [f"{k.iou:.3f} ({k.good:.2f}; {k.shifted:.3f} at {k.shift:+.2f})"
                 for k in kept]
        lines.append(f"| {stride} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])
