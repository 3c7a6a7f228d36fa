"""Proposals: image pyramid -> windows -> masks -> NMS."""

from ifcn_lab.proposals.nms import nms, nms_pairwise
from ifcn_lab.proposals.proposals import Proposals
from ifcn_lab.proposals.propose import propose, score_level
from ifcn_lab.proposals.pyramid import zooms_for_fractions, zooms_for_sizes

__all__ = [
    "Proposals", "nms", "nms_pairwise", "propose", "score_level",
    "zooms_for_fractions", "zooms_for_sizes",
]
