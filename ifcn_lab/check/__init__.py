"""Instant feedback on the exercises: one check for each, named as in the lesson.

A check runs the learner's function on the smallest case first. An exercise that is
not begun is no error: its check says "not done yet" and the notebook runs on.

Each lesson has a module here; `_HOME` says where a check lives.
"""

from __future__ import annotations

from ifcn_lab.lazy import loaded_when_used

_HOME: dict[str, str] = {
    "spoiled": "equivariance",
    "commutes": "equivariance",
    "commuting_shifts": "equivariance",
    "best_answer": "equivariance",
    "halve": "equivariance",
    "part": "parts",
    "oracle": "parts",
    "restore": "parts",
    "fool": "parts",
    "cell_of": "copying",
    "assemble_loop": "copying",
    "assemble_blocks": "copying",
    "view_strides": "copying",
    "faster_layout": "copying",
    "copy_one": "copying",
    "assemble_whole": "copying",
    "kept_share": "coherence",
    "diagonal_share": "coherence",
    "step_share": "coherence",
    "head_weights": "coherence",
    "slim_head": "coherence",
    "label": "training",
    "pixel_loss": "training",
    "count_copies": "training",
    "octaves_off": "training",
    "augment": "training",
    "box_overlap": "proposing",
    "suppress": "proposing",
    "recall": "proposing",
    "exact_zoom": "proposing",
    "rescore": "proposing",
    "decode_runs": "real_images",
    "polygon_area": "real_images",
    "best_zoom": "real_images",
    "split": "real_images",
    "answer_score": "real_images",
    "assemble": "whole",
    "mask_loss": "whole",
    "draw_windows": "whole",
    "suppress_masks": "whole",
    "area_of_runs": "real_images",
    "take_apart": "real_images",
    "diagnosis": "bugs",
    "kills": "bugs",
}

__all__ = sorted(_HOME)
__getattr__, __dir__ = loaded_when_used(__name__, _HOME, "check")
