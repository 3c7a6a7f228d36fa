"""Figures: one function each, which returns a `Picture` (figure and alt text).

Each lesson's figures stand in one module; `_HOME` says where a figure lives.
"""

from __future__ import annotations

from ifcn_lab.lazy import loaded_when_used

_HOME = {
    "Picture": "picture",
    "show": "picture",
    "cell_colours": "palette",
    "shift": "equivariance",
    "commuting": "equivariance",
    "painted": "equivariance",
    "two_answers": "equivariance",
    "price": "equivariance",
    "same_pixel": "parts",
    "score_maps": "parts",
    "window_masks": "parts",
    "asked": "parts",
    "film_strip": "film",
    "pulls": "parts",
    "two_runs": "film",
    "copy_lines": "copying",
    "threads": "copying",
    "steps": "climb",
    "layouts": "climb",
    "time_bars": "climb",
    "one_step": "coherence",
    "kept_curves": "coherence",
    "head_sizes": "coherence",
    "few_and_many": "coherence",
    "window_labels": "windows",
    "window_crops": "windows",
    "drawn_windows": "windows",
    "window_targets": "windows",
    "copy_counts": "windows",
    "pixel_loss": "learning",
    "same_windows": "learning",
    "side_by_side": "learning",
    "pyramid": "proposing",
    "objectness": "proposing",
    "ranking": "proposing",
    "enlarging": "proposing",
    "by_size": "proposing",
    "recall_curves": "proposing",
    "failures": "proposing",
    "found_objects": "proposing",
    "segmented": "proposing",
    "annotation_kinds": "real_images",
    "crowd": "real_images",
    "stored_lying": "real_images",
    "sizes_and_zooms": "real_images",
    "training_crops": "real_images",
    "split_levels": "rivals",
    "answers": "rivals",
    "alone_and_touching": "rivals",
    "by_picture": "rivals",
    "close_up": "rivals",
}

__all__ = sorted(_HOME)
__getattr__, __dir__ = loaded_when_used(__name__, _HOME, "figure")
