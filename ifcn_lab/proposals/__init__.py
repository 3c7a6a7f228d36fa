"""Proposals: image pyramid -> windows -> masks -> NMS."""

from ifcn_lab.proposals.levels import score_level, score_levels
from ifcn_lab.proposals.nms import nms, nms_pairwise
from ifcn_lab.proposals.proposals import Proposals
from ifcn_lab.proposals.propose import propose, propose_many
from ifcn_lab.proposals.pyramid import zooms_for_fractions, zooms_for_sizes

__all__ = [
    "Proposals", "nms", "nms_pairwise", "propose", "propose_many", "score_level",
    "score_levels", "zooms_for_fractions", "zooms_for_sizes",
]
