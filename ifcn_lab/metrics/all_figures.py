"""All figures of one evaluation together, counted image by image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ifcn_lab.metrics.coco_precision import CocoPrecision
from ifcn_lab.metrics.measure import Measure
from ifcn_lab.metrics.nuclei import NucleiReport, NucleiScore
from ifcn_lab.metrics.precision import Precision
from ifcn_lab.metrics.recall import Recall, RecallReport
from ifcn_lab.metrics.regions import Found, Objects


@dataclass(frozen=True)
class Wanted:
    """Which figures are asked for.

    Args:
        kinds: "masks", "boxes" or both: for which to give AR and, with ``ap``, AP.
        ns: numbers of proposals per image, for AR@N and AUC.
        sizes: also by size of the object.
        ap: COCO's AP of the best 100, and mAP^r, categories ignored.
        by_category: AP and mAP^r within each category.
        scores: least scores of an answer, to give the nuclei score for each.
    """

    kinds: tuple[str, ...] = ("masks",)
    ns: tuple[int, ...] = (10, 100, 1000)
    sizes: bool = False
    ap: bool = False
    by_category: bool = False
    scores: tuple[float, ...] = ()


@dataclass
class Figures:
    """Every figure that is wanted, with its name.

    ``judge`` does the work of one image and counts nothing, so that another process
    can do it; ``count`` counts what it gives. What is held of an image is matches.

    >>> import numpy as np
    >>> from ifcn_lab.metrics.regions import measured
    >>> from ifcn_lab.data.overlap import encode
    >>> square = encode(np.ones((1, 2, 2), bool))
    >>> figures = Figures(Wanted(ns=(1,)))
    >>> found = Found(square, np.array([0.9]))
    >>> figures.count(7, figures.judge(found, measured(square, [False], [1])))
    >>> print(figures)
    masks  AR@1 1.000  AUC 1.000  (images 1, objects 1)
    """

    wanted: Wanted
    objects: int = 0
    measures: dict[str, Measure] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin every measure that is wanted."""
        wanted, measures = self.wanted, self.measures
        for kind in wanted.kinds:
            measures[kind] = Recall(wanted.ns, kind=kind, sizes=wanted.sizes)
        for name in ["AP"] * wanted.ap + ["AP by category"] * wanted.by_category:
            split = name != "AP"
            for kind in wanted.kinds:
                measures[f"{kind} {name}"] = CocoPrecision(by_category=split, kind=kind)
            if "masks" in wanted.kinds:
                measures[f"mAP^r{name[2:]}"] = Precision(by_category=split)
        for score in wanted.scores:
            measures[f"TP/(TP+FP+FN), score from {score:g}"] = NucleiScore(least=score)

    def judge(self, best: Found, truth: Objects) -> dict[str, Any]:
        """Match one image for every measure."""
        judged = {name: measure.judge(best, truth)
                  for name, measure in self.measures.items()}
        return {"objects": int((~truth.crowd).sum())} | judged

    def count(self, image_id: int | str, judged: dict[str, Any]) -> None:
        """Count one image that was judged."""
        self.objects += judged["objects"]
        for name, measure in self.measures.items():
            measure.count(judged[name], image_id)

    def as_dict(self) -> dict[str, Any]:
        """List every figure by name, ready for JSON; the masks' AR stands at the top.

        AR of boxes stands under "boxes", every other measure under its own name.
        """
        named = {name: measure.result() for name, measure in self.measures.items()}
        told = {name: report.as_dict() for name, report in named.items()}
        return told.pop("masks", {}) | told

    def __str__(self) -> str:
        """Print a line for each figure, with its name before it."""
        lines = []
        for name, measure in self.measures.items():
            report = measure.result()
            if isinstance(report, RecallReport):
                lines += _recall_lines(name, report)
                continue
            if isinstance(report, NucleiReport):
                name = f"{name}, {report.answers} answers"
            lines += [f"{name}  {line}" for line in str(report).splitlines()]
        return "\n".join(lines)


def _recall_lines(name: str, report: RecallReport) -> list[str]:
    """AR at each N and AUC, with the number of objects; by size, if that is known."""
    whole, counts = str(report).split("  (")
    lines = [f"{name}  {whole}  AUC {report.auc:.3f}  ({counts}"]
    for size, objects in list(report.objects.items())[1:]:
        figures = "  ".join(f"AR@{n} {report.at(n, size):.3f}" for n in report.ns)
        lines.append(f"{name}, {size}  {figures if objects else 'none'}  "
                     f"(objects {objects})")
    return lines
