"""Instant feedback on the exercises: one check for each, named as in the lesson.

A check runs the learner's function on the smallest case first. An exercise that is
not begun is no error: its check says "not done yet" and the notebook runs on.

Each lesson has a module here; `_HOME` says where a check lives.
"""

from __future__ import annotations

from ifcn_lab.lazy import loaded_when_used

_HOME: dict[str, str] = {
    "spoiled": "translation_invariance",
    "commutes": "translation_invariance",
    "commuting_shifts": "translation_invariance",
    "best_answer": "translation_invariance",
    "halve": "translation_invariance",
    "part": "score_maps",
    "oracle": "score_maps",
    "restore": "score_maps",
    "fool": "score_maps",
    "cell_of": "assembling",
    "assemble_loop": "assembling",
    "assemble_blocks": "assembling",
    "view_strides": "assembling",
    "faster_layout": "assembling",
    "copy_one": "assembling",
    "assemble_whole": "assembling",
    "kept_share": "local_coherence",
    "diagonal_share": "local_coherence",
    "step_share": "local_coherence",
    "head_weights": "local_coherence",
    "slim_head": "local_coherence",
    "label": "training",
    "pixel_loss": "training",
    "count_copies": "training",
    "octaves_off": "training",
    "augment": "training",
    "box_overlap": "proposals",
    "suppress": "proposals",
    "recall": "proposals",
    "exact_zoom": "proposals",
    "rescore": "proposals",
    "decode_runs": "real_images",
    "polygon_area": "real_images",
    "best_zoom": "real_images",
    "split": "real_images",
    "answer_score": "real_images",
    "assemble": "whole_functions",
    "mask_loss": "whole_functions",
    "draw_windows": "whole_functions",
    "suppress_masks": "whole_functions",
    "area_of_runs": "real_images",
    "take_apart": "real_images",
    "diagnosis": "bug_museum",
    "kills": "bug_museum",
}

__all__ = sorted(_HOME)
__getattr__, __dir__ = loaded_when_used(__name__, _HOME, "check")
