"""Figures: one function each, which returns a `Picture` (figure and alt text).

Each lesson's figures stand in one module; `_HOME` says where a figure lives.
"""

from __future__ import annotations

from ifcn_lab.lazy import loaded_when_used

_HOME = {
    "Picture": "picture",
    "show": "picture",
    "part_colours": "palette",
    "network": "whole_network",
    "shift": "equivariance",
    "commuting": "equivariance",
    "painted": "equivariance",
    "two_answers": "equivariance",
    "price": "equivariance",
    "same_place": "part_maps",
    "score_maps": "part_maps",
    "window_masks": "part_maps",
    "asked": "part_maps",
    "film_strip": "film",
    "pulls": "part_maps",
    "two_runs": "film",
    "copy_lines": "copying",
    "threads": "copying",
    "steps": "climb",
    "layouts": "climb",
    "time_bars": "climb",
    "one_step": "local_coherence",
    "kept_curves": "local_coherence",
    "head_sizes": "local_coherence",
    "few_and_many": "local_coherence",
    "window_labels": "training_windows",
    "window_crops": "training_windows",
    "drawn_windows": "training_windows",
    "window_targets": "training_windows",
    "copy_counts": "training_windows",
    "pixel_loss": "learning",
    "same_windows": "learning",
    "side_by_side": "learning",
    "pyramid": "proposals",
    "objectness": "proposals",
    "ranking": "proposals",
    "enlarging": "proposals",
    "by_size": "proposals",
    "recall_curves": "proposals",
    "failures": "proposals",
    "found_objects": "proposals",
    "segmented": "proposals",
    "annotation_kinds": "real_images",
    "crowd": "real_images",
    "stored_lying": "real_images",
    "sizes_and_zooms": "real_images",
    "training_crops": "real_images",
    "split_levels": "rivals",
    "answers": "rivals",
    "alone_and_touching": "rivals",
    "bars": "rivals",
    "close_up": "rivals",
    "waist": "refinement",
    "singular_values": "refinement",
    "basis": "refinement",
    "stages": "refinement",
    "gains": "refinement",
    "wrong_by_distance": "refinement",
}

__all__ = sorted(_HOME)
__getattr__, __dir__ = loaded_when_used(__name__, _HOME, "figure")
