"""Proposals: image pyramid -> windows -> masks -> NMS."""

from ifcn_lab.layers.nms import nms, nms_pairwise
from ifcn_lab.segmenter import Proposals
from ifcn_lab.windows.levels import score_level, score_levels
from ifcn_lab.windows.propose import propose, propose_many
from ifcn_lab.windows.pyramid import zooms_for_fractions, zooms_for_sizes

__all__ = [
    "Proposals", "nms", "nms_pairwise", "propose", "propose_many", "score_level",
    "score_levels", "zooms_for_fractions", "zooms_for_sizes",
]
