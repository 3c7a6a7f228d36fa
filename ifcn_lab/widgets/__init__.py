"""Widgets: a figure that can be moved, one for each lesson at most.

`_HOME` says where a widget lives; ipywidgets is loaded when the first one is used.
"""

from __future__ import annotations

from ifcn_lab.lazy import loaded_when_used

_HOME = {
    "ShiftExplorer": "shift",
    "ReceptiveField": "receptive_field",
    "MapGrid": "mapgrid",
    "Assembler": "assembler",
    "TrainingMonitor": "monitor",
    "CoherenceExplorer": "coherence_explorer",
    "RoiExplorer": "roi_explorer",
    "AnchorBoard": "anchor_board",
    "WindowSampler": "sampler",
    "ProposalExplorer": "proposal_explorer",
    "PrototypeMixer": "prototype_mixer",
    "EmbeddingExplorer": "embedding_explorer",
    "InsideOutside": "inside_outside",
    "League": "league",
    "Playground": "playground",
    "Predict": "predict",
    "guesses": "guess_record",
    "save_guesses": "guess_record",
}

__all__ = sorted(_HOME)
__getattr__, __dir__ = loaded_when_used(__name__, _HOME, "widget")
